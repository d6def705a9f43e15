import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  BatchError,
  type Batching,
  type MiniBatch,
  miniBatches,
} from '../../../local/services/sagemaker/mini-batches.ts';
import fc from '../../fast-check.ts';

const same = (record: string) => record;
const cut = async (chunks: readonly Buffer[], batching: Partial<Batching>) => {
  const batches: MiniBatch[] = [];
  const body = Readable.from(chunks);
  for await (const batch of miniBatches(body, {
    split: 'Line',
    strategy: 'MultiRecord',
    payloadBytes: 0,
    input: same,
    ...batching,
  })) {
    batches.push(batch);
  }
  return batches;
};

describe('mini-batches', () => {
  it('hold every line once and in order, however the object arrives, and none is too large', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-zä,]{1,12}$/), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 30, max: 60 }),
        async (rows, chunkBytes, payloadBytes) => {
          const whole = Buffer.from(`${rows.join('\n')}\n`);
          const chunks = Array.from({ length: Math.ceil(whole.length / chunkBytes) }, (_, i) =>
            whole.subarray(i * chunkBytes, (i + 1) * chunkBytes),
          );

          const batches = await cut(chunks, { payloadBytes });

          expect(batches.flatMap(({ records }) => records)).toEqual(rows);
          expect(batches.map(({ body }) => body.toString('utf8')).join('\n')).toBe(rows.join('\n'));
          for (const { body } of batches) expect(body.length).toBeLessThanOrEqual(payloadBytes);
        },
      ),
    );
  });

  it('hold one line each when they are single records', async () => {
    const batches = await cut([Buffer.from('a\r\nb\nc')], { strategy: 'SingleRecord' });

    expect(batches.map(({ records }) => records)).toEqual([['a'], ['b'], ['c']]);
  });

  it('send what the filter leaves of a line, and keep the line', async () => {
    const [batch] = await cut([Buffer.from('a,1\nb,2\n')], { input: (record) => record.slice(2) });

    expect(batch).toEqual({ records: ['a,1', 'b,2'], body: Buffer.from('1\n2') });
  });

  it('fail over a record, or an unsplit object, that is too large', async () => {
    await expect(cut([Buffer.from('aaaa\nb')], { payloadBytes: 3 })).rejects.toThrow(BatchError);
    await expect(cut([Buffer.from('aaaa')], { payloadBytes: 3, split: 'None' })).rejects.toThrow(BatchError);
  });
});
