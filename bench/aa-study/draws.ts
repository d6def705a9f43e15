import type { RandomStream } from '../../shared/evaluation/random.ts';

/** Which days of the study one replication uses, as indices in order. */
export interface Draw {
  /** Consecutive, the longest gate; shorter gates are its first days. */
  readonly gate: readonly number[];
  readonly champion: readonly number[];
  readonly candidate: readonly number[];
  /** All other days but those beside the gate: what is true of two models is measured on them. */
  readonly reference: readonly number[];
}

export const LONGEST_GATE = 20;
const BLOCK = 5;
const BLOCKS_PER_MODEL = 4;

/** Days in which one model of the study is trained. */
export const TRAINING_DAYS = BLOCK * BLOCKS_PER_MODEL;

const consecutive = (start: number, length: number): number[] => Array.from({ length }, (_, at) => start + at);

/**
 * How the two models of a pair share the days they learn from. `beside`: each block of one has a block of the other
 * next to it, before or after by the toss of a coin, so that both know the same seasons and differ by the luck of
 * their days alone. `apart`: blocks from anywhere, so that one may have seen more of the winter.
 */
export type Blocks = 'beside' | 'apart';

/**
 * Draws the days of one replication: the gate first, then blocks of five consecutive days for champion and candidate,
 * apart from the gate.
 */
export function drawDays(days: number, blocks: Blocks, { below }: RandomStream): Draw {
  const start = below(days - LONGEST_GATE + 1);
  const gate = consecutive(start, LONGEST_GATE);
  const used = new Set(gate);
  // A storm lasts over midnight: the days beside the gate are no one's.
  used.add(start - 1);
  used.add(start + LONGEST_GATE);
  const free = (length: number): number[] => {
    for (;;) {
      const stretch = consecutive(below(days - length + 1), length);
      if (stretch.some((day) => used.has(day))) continue;
      for (const day of stretch) used.add(day);
      return stretch;
    }
  };
  const training: [champion: number[], candidate: number[]] = [[], []];
  for (let block = 0; block < BLOCKS_PER_MODEL; block += 1) {
    const both = blocks === 'beside' ? free(2 * BLOCK) : [...free(BLOCK), ...free(BLOCK)];
    const first = below(2);
    training[first]?.push(...both.slice(0, BLOCK));
    training[1 - first]?.push(...both.slice(BLOCK));
  }
  return {
    gate,
    champion: training[0],
    candidate: training[1],
    reference: consecutive(0, days).filter((day) => !used.has(day)),
  };
}
