import { describe, expect, it } from 'vitest';
import { keyNames, predictionsIn } from '../../../shared/monitoring/key-index.ts';
import fc from '../../fast-check.ts';

const ID = '20010125T101500Z-0123456789abcdef';
const hash = fc.stringMatching(/^[0-9a-f]{16}$/);

describe('the names of an index of keys', () => {
  it('give back every row of a request, in as many names as S3 allows in length', () => {
    fc.assert(
      fc.property(fc.array(hash, { minLength: 1, maxLength: 100 }), (hashes) => {
        const names = keyNames(ID, hashes);

        const found = names.flatMap(predictionsIn);

        expect(found.map(([each]) => each)).toEqual(hashes);
        expect(found.map(([, { id }]) => id)).toEqual(hashes.map((_, row) => `${ID}.${row}`));
        // Bucket folders take: predicted/, a model of 19 characters, the hour.
        for (const name of names) expect(name.length + 'predicted//2001/01/25/10/'.length + 19).toBeLessThan(1024);
      }),
    );
  });

  it('say the second of the prediction', () => {
    const [[, prediction] = []] =
      keyNames(ID, ['00000000000000aa'])
        .map(predictionsIn)[0]
        ?.map((each) => each) ?? [];

    expect(prediction?.atMs).toBe(Date.parse('2001-01-25T10:15:00Z'));
  });

  it.each(['', ID, `${ID}-00000000000000aa`, `${ID}.0-00000000000000a`, `${ID}.0-`, 'other.0-00000000000000aa'])(
    'are told from others: %j',
    (name) => {
      expect(predictionsIn(name)).toEqual([]);
    },
  );
});
