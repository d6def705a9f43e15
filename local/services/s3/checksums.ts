/**
 * S3's checksums: running digests, and full-object CRCs put together from those of parts.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html (documented)
 */
import { createHash, type Hash, hash as hashOf } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** A checksum as S3 keeps it with an object; the value of a composite one ends in `-` and the number of parts. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64 of the big-endian bytes. */
  readonly value: string;
  readonly type: ChecksumType;
}

/** S3 computes this one when the client sends none (documented). */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

/** @returns The algorithm of a name in any case, undefined if S3's stand-in here has none of that name. */
export const algorithmNamed = (name: string): ChecksumAlgorithm | undefined =>
  CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase());

/** `x-amz-checksum-crc32`, … */
export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

/** A digest that grows with the data. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** All there is, in one piece: instead of {@link update}, before anything else. */
  whole(bytes: Uint8Array): void;
  /** The digest so far. */
  digest(): Buffer;
}

// Reflected polynomials (CRC RevEng catalogue: CRC-32/ISCSI and CRC-64/NVME).
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC64_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const CRC32_POLYNOMIAL = 0xedb88320;

const crc32cTables = (): Int32Array[] => {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = tables[0]!;
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
    first[byte] = value;
  }
  for (let table = 1; table < 8; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = tables[table - 1]![byte]!;
      tables[table]![byte] = (before >>> 8) ^ first[before & 0xff]!;
    }
  }
  return tables;
};

const crc64Tables = (): { low: Int32Array; high: Int32Array } => {
  // Eight tables of 256, one after the other, in halves that fit JavaScript's 32-bit operations.
  const low = new Int32Array(8 * 256);
  const high = new Int32Array(8 * 256);
  const whole = Array.from({ length: 8 * 256 }, () => 0n);
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ CRC64_POLYNOMIAL : value >> 1n;
    whole[byte] = value;
  }
  for (let at = 256; at < whole.length; at++) {
    const before = whole[at - 256]!;
    whole[at] = (before >> 8n) ^ whole[Number(before & 0xffn)]!;
  }
  whole.forEach((value, at) => {
    low[at] = Number(BigInt.asIntN(32, value));
    high[at] = Number(BigInt.asIntN(32, value >> 32n));
  });
  return { low, high };
};

let crc32cTable: Int32Array[] | undefined;
let crc64Table: { low: Int32Array; high: Int32Array } | undefined;

const runningCrc32 = (): Omit<RunningChecksum, 'whole'> => {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest() {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(value);
      return out;
    },
  };
};

const runningCrc32c = (): Omit<RunningChecksum, 'whole'> => {
  crc32cTable ??= crc32cTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = crc32cTable as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let crc = -1;
  return {
    update(bytes) {
      let at = 0;
      for (; at + 8 <= bytes.length; at += 8) {
        const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
        crc =
          t7[low & 0xff]! ^
          t6[(low >>> 8) & 0xff]! ^
          t5[(low >>> 16) & 0xff]! ^
          t4[low >>> 24]! ^
          t3[bytes[at + 4]!]! ^
          t2[bytes[at + 5]!]! ^
          t1[bytes[at + 6]!]! ^
          t0[bytes[at + 7]!]!;
      }
      for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
    },
    digest() {
      const out = Buffer.alloc(4);
      out.writeInt32BE(~crc);
      return out;
    },
  };
};

const runningCrc64 = (): Omit<RunningChecksum, 'whole'> => {
  crc64Table ??= crc64Tables();
  const { low: tableLow, high: tableHigh } = crc64Table;
  let low = -1;
  let high = -1;
  return {
    update(bytes) {
      let at = 0;
      for (; at + 8 <= bytes.length; at += 8) {
        const first = low ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
        const second =
          high ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24));
        const i7 = 0x700 + (first & 0xff);
        const i6 = 0x600 + ((first >>> 8) & 0xff);
        const i5 = 0x500 + ((first >>> 16) & 0xff);
        const i4 = 0x400 + (first >>> 24);
        const i3 = 0x300 + (second & 0xff);
        const i2 = 0x200 + ((second >>> 8) & 0xff);
        const i1 = 0x100 + ((second >>> 16) & 0xff);
        const i0 = second >>> 24;
        low =
          tableLow[i7]! ^
          tableLow[i6]! ^
          tableLow[i5]! ^
          tableLow[i4]! ^
          tableLow[i3]! ^
          tableLow[i2]! ^
          tableLow[i1]! ^
          tableLow[i0]!;
        high =
          tableHigh[i7]! ^
          tableHigh[i6]! ^
          tableHigh[i5]! ^
          tableHigh[i4]! ^
          tableHigh[i3]! ^
          tableHigh[i2]! ^
          tableHigh[i1]! ^
          tableHigh[i0]!;
      }
      for (; at < bytes.length; at++) {
        const index = (low ^ bytes[at]!) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!;
        high = (high >>> 8) ^ tableHigh[index]!;
      }
    },
    digest() {
      const out = Buffer.alloc(8);
      out.writeInt32BE(~high, 0);
      out.writeInt32BE(~low, 4);
      return out;
    },
  };
};

const runningHash = (name: 'md5' | 'sha1' | 'sha256'): RunningChecksum => {
  let hash: Hash | undefined;
  let known: Buffer | undefined;
  return {
    update(bytes) {
      hash ??= createHash(name);
      hash.update(bytes);
    },
    whole(bytes) {
      known = hashOf(name, bytes, 'buffer');
    },
    digest: () => known ?? (hash ? hash.copy().digest() : hashOf(name, '', 'buffer')),
  };
};

/** A CRC has no quicker way for what comes in one piece. */
const withWhole = (running: Omit<RunningChecksum, 'whole'>): RunningChecksum => ({ ...running, whole: running.update });

const RUNNING: Readonly<Record<ChecksumAlgorithm | 'MD5', () => RunningChecksum>> = {
  MD5: () => runningHash('md5'),
  CRC32: () => withWhole(runningCrc32()),
  CRC32C: () => withWhole(runningCrc32c()),
  CRC64NVME: () => withWhole(runningCrc64()),
  SHA1: () => runningHash('sha1'),
  SHA256: () => runningHash('sha256'),
};

/** A digest of nothing yet. */
export const runningChecksum = (algorithm: ChecksumAlgorithm | 'MD5'): RunningChecksum => RUNNING[algorithm]();

interface Crc {
  readonly width: bigint;
  readonly polynomial: bigint;
}

const CRCS: Readonly<Partial<Record<ChecksumAlgorithm, Crc>>> = {
  CRC32: { width: 32n, polynomial: BigInt(CRC32_POLYNOMIAL) },
  CRC32C: { width: 32n, polynomial: BigInt(CRC32C_POLYNOMIAL) },
  CRC64NVME: { width: 64n, polynomial: CRC64_POLYNOMIAL },
};

/** Only CRCs can be computed for an object from its parts' (documented). */
export const canBeFullObject = (algorithm: ChecksumAlgorithm): boolean => CRCS[algorithm] !== undefined;

/** CRC64NVME is the one without a composite form (documented). */
export const canBeComposite = (algorithm: ChecksumAlgorithm): boolean => algorithm !== 'CRC64NVME';

/** Product of two polynomials modulo the CRC's, in its reflected bit order. */
const multiply = (a: bigint, b: bigint, { width, polynomial }: Crc): bigint => {
  let product = 0n;
  for (let mask = 1n << (width - 1n); mask > 0n; mask >>= 1n) {
    if (a & mask) product ^= b;
    b = b & 1n ? (b >> 1n) ^ polynomial : b >> 1n;
  }
  return product;
};

const fromBase64 = (value: string): bigint => BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`);

/**
 * The full-object CRC of parts laid end to end: the CRC of what came before is moved on by as many zero bits as the
 * next part is long, and the part's added.
 * @throws RangeError for an algorithm that is no CRC.
 */
export const combineFullObject = (
  algorithm: ChecksumAlgorithm,
  parts: readonly { readonly value: string; readonly size: number }[],
): string => {
  const crc = CRCS[algorithm];
  if (!crc) throw new RangeError(`${algorithm} of an object does not follow from its parts`);
  let combined = 0n;
  parts.forEach(({ value, size }, index) => {
    let shift = 1n << (crc.width - 1n);
    let square = 1n << (crc.width - 2n);
    for (let bits = BigInt(size) * 8n; bits > 0n; bits >>= 1n) {
      if (bits & 1n) shift = multiply(square, shift, crc);
      square = multiply(square, square, crc);
    }
    combined = (index === 0 ? 0n : multiply(shift, combined, crc)) ^ fromBase64(value);
  });
  return Buffer.from(combined.toString(16).padStart(Number(crc.width) / 4, '0'), 'hex').toString('base64');
};

/** The checksum of the parts' checksums, with their number. */
export const combineComposite = (algorithm: ChecksumAlgorithm, values: readonly string[]): string => {
  const running = runningChecksum(algorithm);
  for (const value of values) running.update(Buffer.from(value, 'base64'));
  return `${running.digest().toString('base64')}-${values.length}`;
};
