/**
 * The distinct values of a column: each counted while there are few, an estimate of their number above that. Whether
 * there are few depends on the set of values alone, so that neither order nor cuts show in the outcome.
 */
import { estimateDistinct, insertNumber, mergeRegisters, noRegisters, type Registers } from './hyperloglog.ts';
import { insertText } from './text-hash.ts';
import type { Distinct } from './working.ts';

type Value = string | number;
/** Values in order, each with how often it came. */
export type ValueCounts = readonly (readonly [Value, number])[];

function insertValue(registers: Registers, value: Value): void {
  if (typeof value === 'number') insertNumber(registers, value);
  else insertText(registers, value);
}

const ascending = ([a]: readonly [Value, number], [b]: readonly [Value, number]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** Counted values as JSON; registers where there are more than the cap. */
export function distinctOf(counts: Iterable<readonly [Value, number]>, cap: number): Distinct {
  const found = [...counts];
  if (found.length > cap) return encoded(registersOf(found));
  return { counts: found.sort(ascending) };
}

/** Registers as JSON. */
export const encoded = (registers: Registers): Distinct => ({ registers: Buffer.from(registers).toString('base64') });

function registersOf(counts: Iterable<readonly [Value, number]>): Registers {
  const registers = noRegisters();
  for (const [value] of counts) insertValue(registers, value);
  return registers;
}

const asRegisters = (distinct: Distinct): Registers =>
  'counts' in distinct ? registersOf(distinct.counts) : new Uint8Array(Buffer.from(distinct.registers, 'base64'));

/** The distinct values of both. */
export function mergeDistinct(a: Distinct, b: Distinct, cap: number): Distinct {
  if (!('counts' in a && 'counts' in b)) return encoded(mergeRegisters(asRegisters(a), asRegisters(b)));
  const counts = new Map<Value, number>(a.counts);
  for (const [value, count] of b.counts) counts.set(value, (counts.get(value) ?? 0) + count);
  return distinctOf(counts, cap);
}

/** How many distinct values there are: counted, or estimated. */
export const distinctEstimate = (distinct: Distinct): number =>
  'counts' in distinct ? distinct.counts.length : estimateDistinct(asRegisters(distinct));

/** Counts the distinct values of a column of texts, which come counted. */
export interface TextTally {
  readonly add: (value: string, count: number) => void;
  /** Whether there are too many to count them one by one: then only registers are kept. */
  readonly many: () => boolean;
  /** From now on only registers are kept; whoever calls this says the same of the same values in any order. */
  readonly giveUp: () => Registers;
  readonly distinct: () => Distinct;
}

/** Begins to count texts. */
export function textTally(cap: number): TextTally {
  let counts: Map<string, number> | null = new Map();
  let registers: Registers | null = null;
  const giveUp = (): Registers => {
    registers ??= registersOf(counts ?? []);
    counts = null;
    return registers;
  };
  return {
    many: () => counts === null,
    giveUp,
    add: (value, count) => {
      if (counts === null) {
        insertText(giveUp(), value);
        return;
      }
      counts.set(value, (counts.get(value) ?? 0) + count);
      if (counts.size > cap) giveUp();
    },
    distinct: () => (registers === null ? distinctOf(counts ?? [], cap) : encoded(registers)),
  };
}
