import { describe, expect, it } from 'vitest';

import { incomingKey } from '../../../functions/validate-data/incoming-key.ts';
import { partsFolder, readManifest } from '../../../functions/validate-data/manifest.ts';
import fc from '../../fast-check.ts';

const MODEL = 'late-bus';
const MIB = 1024 * 1024;
const MOST_BYTES = 4 * MIB;
const MOST_PARTS = 10_000;

async function* inPieces(text: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += MIB) yield bytes.subarray(from, from + MIB);
}

const manifestOf = (parts: number): string =>
  JSON.stringify({
    parts: Array.from({ length: parts }, (_, at) => ({ key: `incoming/${MODEL}/f/${at}.csv`, versionId: `v${at}` })),
  });

describe('a manifest', () => {
  it('names as many parts as are allowed, and no more', async () => {
    const most = await readManifest(inPieces(manifestOf(MOST_PARTS)), MODEL);
    const more = await readManifest(inPieces(manifestOf(MOST_PARTS + 1)), MODEL);

    expect('parts' in most && most.parts.length).toBe(MOST_PARTS);
    expect(more).toEqual({ refused: expect.stringMatching(/^parts: .*10,?000/) });
  });

  it('is as large as is allowed, and no larger', async () => {
    const one = manifestOf(1);
    const most = await readManifest(inPieces(one.padEnd(MOST_BYTES)), MODEL);
    const more = await readManifest(inPieces(one.padEnd(MOST_BYTES + 1)), MODEL);

    expect(most).toEqual({ parts: [{ key: `incoming/${MODEL}/f/0.csv`, versionId: 'v0' }] });
    expect(more).toEqual({ refused: `the manifest is larger than ${MOST_BYTES} bytes` });
  });

  it('that is too large is not read to its end', async () => {
    let given = 0;
    async function* endless(): AsyncIterable<Uint8Array> {
      for (;;) {
        given += 1;
        yield Buffer.alloc(MIB, ' ');
      }
    }

    const read = await readManifest(endless(), MODEL);

    expect(read).toEqual({ refused: expect.stringContaining('larger') });
    expect(given).toBe(5);
  });
});

const segment = fc.stringMatching(/^[a-z0-9=+ é-][a-z0-9._=+ é-]{0,5}$/);
const partNames = fc.uniqueArray(
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((path) => path.join('/')),
  { minLength: 1, maxLength: 5 },
);

it("calls a folder's parts what they are called where it is closed", () => {
  fc.assert(
    fc.property(segment, partNames, (folder, names) => {
      const keys = names.map((name) => `incoming/${MODEL}/${folder}/${name}`);

      const prefix = partsFolder(keys, MODEL);

      expect(keys.map((key) => key.slice(prefix.length))).toEqual(names);
      expect(incomingKey(`${prefix}_SUCCESS`)).toEqual({ kind: 'success', model: MODEL, folder: prefix });
    }),
  );
});

it('gives parts of several folders names that differ', () => {
  fc.assert(
    fc.property(fc.uniqueArray(segment, { minLength: 2, maxLength: 4 }), segment, (folders, name) => {
      const keys = folders.map((folder) => `incoming/${MODEL}/${folder}/${name}`);

      const prefix = partsFolder(keys, MODEL);

      expect(keys.map((key) => key.slice(prefix.length))).toEqual(folders.map((folder) => `${folder}/${name}`));
    }),
  );
});
