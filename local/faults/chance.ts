/** When a rule strikes: counted and drawn for each rule by itself, so that unrelated traffic shifts nothing. */
import { createHash } from 'node:crypto';

import type { FaultRule } from './settings.ts';

/** The number in [0, 1) at a place of a sequence that its seed and name decide. */
const draw = (seed: number, name: string, at: number): number =>
  createHash('sha256').update(`${seed}/${name}/${at}`).digest().readUIntBE(0, 6) / 2 ** 48;

/** One blow of a rule. */
export interface Strike {
  /** A number in [0, 1), drawn for this blow. */
  readonly chance: number;
}

export interface Chance {
  /** Says of the next that the rule selects whether the rule strikes it. */
  next(): Strike | undefined;
  readonly seen: () => number;
  readonly struck: () => number;
}

/**
 * @param place The rule's place in the list, which stands for its name where it has none.
 * @param now The cloud's time, epoch milliseconds.
 */
export const createChance = (
  { name, nth, probability, times, between }: FaultRule,
  { seed, place, now }: { readonly seed: number; readonly place: number; readonly now: () => number },
): Chance => {
  const label = name ?? String(place);
  const chosen = nth === undefined ? undefined : new Set(Array.isArray(nth) ? nth : [nth]);
  const from = between?.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(between.from);
  const to = between?.to === undefined ? Number.POSITIVE_INFINITY : Date.parse(between.to);
  let seen = 0;
  let struck = 0;
  return {
    seen: () => seen,
    struck: () => struck,
    next() {
      const at = now();
      if (at < from || at >= to) return undefined;
      seen++;
      if (times !== undefined && struck >= times) return undefined;
      if (chosen && !chosen.has(seen)) return undefined;
      if (probability !== undefined && draw(seed, label, seen) >= probability) return undefined;
      struck++;
      return { chance: draw(seed, `${label}/chance`, seen) };
    },
  };
};
