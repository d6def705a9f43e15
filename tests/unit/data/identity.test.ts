import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { datasetId, sha256Of } from '../../../shared/data/identity.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

it("is the beginning of a file's hash", async () => {
  const sha256 = await sha256Of(Readable.from([Buffer.from('ab'), Buffer.from('c')]));

  // FIPS 180-2, appendix B.1.
  expect(sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(datasetId({ file: sha256 })).toBe('ba7816bf8f01cfea4141');
});

it("does not depend on the order in which a folder's parts are listed", () => {
  const parts = [
    { name: 'x', sha256: a },
    { name: 'y', sha256: b },
  ];

  expect(datasetId({ folder: parts.toReversed() })).toBe(datasetId({ folder: parts }));
});

it.each([
  ["a part's bytes", [{ name: 'x', sha256: b }]],
  ["a part's name", [{ name: 'z', sha256: a }]],
  [
    'the number of parts',
    [
      { name: 'x', sha256: a },
      { name: 'y', sha256: a },
    ],
  ],
])('depends on %s', (_, folder) => {
  expect(datasetId({ folder })).not.toBe(datasetId({ folder: [{ name: 'x', sha256: a }] }));
});

it('refuses what is no hash, no part, or two parts of one name', () => {
  expect(() => datasetId({ file: 'abc' })).toThrow(RangeError);
  expect(() => datasetId({ folder: [] })).toThrow(RangeError);
  expect(() =>
    datasetId({
      folder: [
        { name: 'x', sha256: a },
        { name: 'x', sha256: b },
      ],
    }),
  ).toThrow('two parts are named x');
});
