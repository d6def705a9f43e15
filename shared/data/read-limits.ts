/** What one function reads of data. What is beyond it is put off until the limits are others, or a person does something. */
import { digestOf } from '../definition/canonical-json.ts';

/** The platform's limits of reading. */
export interface ReadLimits {
  /** The most bytes of one function: as delivered, as text once it is unpacked, and as typed copies of parts. */
  readonly maxBytes: number;
  /** The most columns. */
  readonly maxColumns: number;
  /** How many bytes one function reads in a second at the least. */
  readonly bytesPerSecond: number;
  /** A dataset of several parts with more bytes together is read by one function a part. */
  readonly sideBySideBytes: number;
}

/** The settings that hold the limits. */
export const READ_LIMITS = ['MAX_DATASET_BYTES', 'MAX_COLUMNS', 'READ_BYTES_PER_SECOND', 'SIDE_BY_SIDE_BYTES'] as const;

/** The limits of a function's settings. */
export const readLimitsOf = (setting: (name: (typeof READ_LIMITS)[number]) => string): ReadLimits => ({
  maxBytes: Number(setting('MAX_DATASET_BYTES')),
  maxColumns: Number(setting('MAX_COLUMNS')),
  bytesPerSecond: Number(setting('READ_BYTES_PER_SECOND')),
  sideBySideBytes: Number(setting('SIDE_BY_SIDE_BYTES')),
});

/** A name for certain limits: what was put off under them is not tried again while they are the same. */
export const limitsDigest = (limits: ReadLimits): string => digestOf(limits).slice(0, 16);
