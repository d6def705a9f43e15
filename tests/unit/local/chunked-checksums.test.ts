import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type ChecksumAlgorithm,
  combineComposite,
  combineFullObject,
  runningChecksum,
} from '../../../local/services/s3/checksums.ts';
import fc from '../../fast-check.ts';

const of = (algorithm: ChecksumAlgorithm, ...chunks: Uint8Array[]): string => {
  const running = runningChecksum(algorithm);
  for (const chunk of chunks) running.update(chunk);
  return running.digest().toString('base64');
};
const CRCS = ['CRC32', 'CRC32C', 'CRC64NVME'] as const;

describe('checksums', () => {
  // The check values of the CRC RevEng catalogue and of FIPS 180.
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ] as const)('give the published %s of "123456789"', (algorithm, hex) => {
    expect(Buffer.from(of(algorithm, Buffer.from('123456789')), 'base64').toString('hex')).toBe(hex);
  });

  it.each(CRCS)('give the same %s however the data is cut', (algorithm) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        expect(of(algorithm, bytes.subarray(0, cut), bytes.subarray(cut))).toBe(of(algorithm, bytes));
      }),
      { seed: 3 },
    );
  });

  it.each(CRCS)('give the %s of the whole from those of its parts', (algorithm) => {
    const part = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const combined = combineFullObject(
          algorithm,
          parts.map((bytes) => ({ value: of(algorithm, bytes), size: bytes.length })),
        );

        expect(combined).toBe(of(algorithm, Buffer.concat(parts)));
      }),
      { seed: 5 },
    );
  });

  it('combine parts of many megabytes', () => {
    const part = Buffer.alloc(9_000_000, 'abc');
    const whole = crc32(part, crc32(part));

    const combined = combineFullObject('CRC32', [
      { value: of('CRC32', part), size: part.length },
      { value: of('CRC32', part), size: part.length },
    ]);

    expect(Buffer.from(combined, 'base64').readUInt32BE()).toBe(whole);
  });

  it('are of the parts’ checksums in a composite one, with their number', () => {
    const values = [of('SHA256', Buffer.from('a')), of('SHA256', Buffer.from('b'))];

    expect(combineComposite('SHA256', values)).toBe(
      `${of('SHA256', ...values.map((value) => Buffer.from(value, 'base64')))}-2`,
    );
  });

  it('do not follow from parts for hashes', () => {
    expect(() => combineFullObject('SHA256', [])).toThrow(RangeError);
  });
});
