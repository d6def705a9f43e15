/**
 * The distinct values of a column: each counted while there are few, an estimate of their number above that. Whether
 * there are few depends on the set of values alone, so that neither order nor cuts show in the outcome.
 */
import {
  estimateDistinct,
  insertNumber,
  insertNumbers,
  mergeRegisters,
  noRegisters,
  type Registers,
} from './hyperloglog.ts';
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

const encoded = (registers: Registers): Distinct => ({ registers: Buffer.from(registers).toString('base64') });

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

/** Counts the distinct values of a column of numbers. */
export interface NumberTally {
  /**
   * Takes values, NaN left out. Returns how many of them, from the first, were counted one by one; `tooMany` is told the
   * counts when there are too many, once.
   */
  readonly add: (values: Float64Array, tooMany: (counts: Iterable<readonly [number, number]>) => void) => number;
  /** Each value with how often it came; null where there are too many. */
  readonly counts: () => Iterable<readonly [number, number]> | null;
  readonly distinct: () => Distinct;
}

/** A table of open addressing at most half full: a `Map` takes three times as long. */
interface Slots {
  readonly keys: Float64Array;
  readonly counts: Float64Array;
  used: number;
}

const slots = (size: number): Slots => ({ keys: new Float64Array(size), counts: new Float64Array(size), used: 0 });

const FIRST_SLOTS = 64;
const cell = new Float64Array(1);
const cellWords = new Uint32Array(cell.buffer);

/** Where a number stands, or the free slot it would take. */
function slotOf({ keys, counts }: Slots, value: number): number {
  cell[0] = value;
  const hash = Math.imul((cellWords[0] ?? 0) ^ Math.imul(cellWords[1] ?? 0, 0x9e3779b1), 0x85ebca6b);
  const mask = keys.length - 1;
  let slot = (hash ^ (hash >>> 15)) & mask;
  while (counts[slot] !== 0 && keys[slot] !== value) slot = (slot + 1) & mask;
  return slot;
}

function put(table: Slots, value: number, count: number): void {
  const slot = slotOf(table, value);
  if (table.counts[slot] === 0) {
    table.keys[slot] = value;
    table.used += 1;
  }
  table.counts[slot] = (table.counts[slot] ?? 0) + count;
}

function* filled({ keys, counts }: Slots): Generator<[number, number]> {
  for (const [slot, count] of counts.entries()) if (count > 0) yield [keys[slot] ?? 0, count];
}

function grown(table: Slots): Slots {
  const larger = slots(table.keys.length * 2);
  for (const [value, count] of filled(table)) put(larger, value, count);
  return larger;
}

/** Begins to count numbers. */
export function numberTally(cap: number): NumberTally {
  let table: Slots | null = slots(FIRST_SLOTS);
  const registers = noRegisters();
  /** Counts until there are too many; returns how many values it took. */
  const count = (values: Float64Array, from: Slots): number => {
    let counted = from;
    for (let at = 0; at < values.length; at += 1) {
      // Zero has one sign.
      const value = (values[at] ?? 0) + 0;
      if (Number.isNaN(value)) continue;
      const slot = slotOf(counted, value);
      if (counted.counts[slot] === 0) {
        counted.keys[slot] = value;
        counted.used += 1;
        counted.counts[slot] = 1;
        if (counted.used * 2 > counted.keys.length) counted = grown(counted);
        if (counted.used > cap) {
          table = counted;
          return at + 1;
        }
      } else counted.counts[slot] = (counted.counts[slot] ?? 0) + 1;
    }
    table = counted;
    return values.length;
  };
  return {
    add: (values, tooMany) => {
      let counted = 0;
      if (table !== null) {
        counted = count(values, table);
        if (table.used <= cap) return counted;
        for (const [value] of filled(table)) insertNumber(registers, value);
        tooMany(filled(table));
        table = null;
      }
      insertNumbers(registers, values, counted);
      return counted;
    },
    counts: () => table && filled(table),
    distinct: () => (table === null ? encoded(registers) : distinctOf(filled(table), cap)),
  };
}
