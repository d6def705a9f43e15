/** Counts the distinct values of a column of numbers: small whole numbers by their place, others in a table of hashes. */
import { distinctOf, encoded } from './distinct.ts';
import { insertNumber, insertNumbers, noRegisters } from './hyperloglog.ts';
import type { Distinct } from './working.ts';

/** Counts the distinct values of a column of numbers. */
export interface NumberTally {
  /**
   * Takes values, none of which is missing. Returns how many of them, from the first, were counted one by one; `tooMany` is
   * told the counts when there are too many, once.
   */
  readonly add: (values: Float64Array, tooMany: (counts: Iterable<readonly [number, number]>) => void) => number;
  /** Each value with how often it came; null where there are too many. */
  readonly counts: () => Iterable<readonly [number, number]> | null;
  readonly distinct: () => Distinct;
}

const FIRST_SLOTS = 64;
const FIRST_REACH = 32;

const cell = new Float64Array(1);
const cellWords = new Uint32Array(cell.buffer);

/** Where the search for a number begins; what is beyond the table is masked by whoever asks. */
function hashOf(value: number): number {
  cell[0] = value;
  const hash = Math.imul((cellWords[0] ?? 0) ^ Math.imul(cellWords[1] ?? 0, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** The largest power of two up to which whole numbers are counted by their place, for so many distinct values. */
const furthest = (cap: number): number => 2 ** Math.ceil(Math.log2(Math.max(cap, FIRST_REACH)));

/** How often each number came. */
class NumberCounts {
  /** Whole numbers from `-#reach` to below `#reach`. */
  #reach = FIRST_REACH;
  readonly #furthest: number;
  #near = new Uint32Array(2 * FIRST_REACH);
  /** Others, by open addressing at most half full; NaN is a free slot. A `Map` takes three times as long. */
  #keys = new Float64Array(FIRST_SLOTS).fill(Number.NaN);
  #counts = new Float64Array(FIRST_SLOTS);
  #inSlots = 0;
  #distinct = 0;

  constructor(cap: number) {
    this.#furthest = furthest(cap);
  }

  get distinct(): number {
    return this.#distinct;
  }

  /** Counts values until more than `cap` are distinct; returns how many it took. */
  take(values: Float64Array, cap: number): number {
    let at = 0;
    while (at < values.length && this.#distinct <= cap) {
      at = this.#takeKnown(values, at);
      if (at === values.length) break;
      this.#takeNew(values[at] ?? 0);
      at += 1;
    }
    return at;
  }

  *[Symbol.iterator](): Generator<[number, number]> {
    for (const [place, count] of this.#near.entries()) if (count > 0) yield [place - this.#reach, count];
    for (const [slot, value] of this.#keys.entries()) if (!Number.isNaN(value)) yield [value, this.#counts[slot] ?? 0];
  }

  /** Counts values that came before; returns where the first new one stands. */
  #takeKnown(values: Float64Array, from: number): number {
    const [near, reach, keys, counts] = [this.#near, this.#reach, this.#keys, this.#counts];
    const [size, mask] = [near.length, keys.length - 1];
    let at = from;
    for (; at < values.length; at += 1) {
      const value = values[at] ?? 0;
      const whole = value | 0;
      const place = whole + reach;
      // Zero has one sign: -0 is the whole number 0.
      if (whole === value && place >= 0 && place < size) {
        const count = near[place] ?? 0;
        if (count === 0) return at;
        near[place] = count + 1;
        continue;
      }
      let slot = hashOf(value) & mask;
      let key = keys[slot] ?? 0;
      while (key !== value) {
        if (Number.isNaN(key)) return at;
        slot = (slot + 1) & mask;
        key = keys[slot] ?? 0;
      }
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    return at;
  }

  #takeNew(value: number): void {
    this.#distinct += 1;
    if (Number.isInteger(value) && value >= -this.#furthest && value < this.#furthest) {
      while (value < -this.#reach || value >= this.#reach) this.#reachFurther();
      this.#near[value + this.#reach] = 1;
      return;
    }
    this.#keep(value, 1);
    this.#inSlots += 1;
    if (this.#inSlots * 2 > this.#keys.length) this.#grow();
  }

  #keep(value: number, count: number): void {
    const mask = this.#keys.length - 1;
    let slot = hashOf(value) & mask;
    while (!Number.isNaN(this.#keys[slot])) slot = (slot + 1) & mask;
    this.#keys[slot] = value;
    this.#counts[slot] = count;
  }

  #reachFurther(): void {
    const near = new Uint32Array(this.#near.length * 2);
    near.set(this.#near, this.#reach);
    this.#near = near;
    this.#reach *= 2;
  }

  #grow(): void {
    const [keys, counts] = [this.#keys, this.#counts];
    this.#keys = new Float64Array(keys.length * 2).fill(Number.NaN);
    this.#counts = new Float64Array(keys.length * 2);
    for (const [slot, value] of keys.entries()) if (!Number.isNaN(value)) this.#keep(value, counts[slot] ?? 0);
  }
}

/** Begins to count numbers. */
export function numberTally(cap: number): NumberTally {
  let counted: NumberCounts | null = new NumberCounts(cap);
  const registers = noRegisters();
  return {
    add: (values, tooMany) => {
      let taken = 0;
      if (counted !== null) {
        taken = counted.take(values, cap);
        if (counted.distinct <= cap) return taken;
        for (const [value] of counted) insertNumber(registers, value);
        tooMany(counted);
        counted = null;
      }
      insertNumbers(registers, values, taken);
      return taken;
    },
    counts: () => counted,
    distinct: () => (counted === null ? encoded(registers) : distinctOf(counted, cap)),
  };
}
