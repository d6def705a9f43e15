import { studentCritical } from '../../shared/evaluation/distributions.ts';
import { wilson } from '../../shared/evaluation/intervals.ts';
import type { Judgement } from './replication.ts';

/** How often something happened. */
export interface Rate {
  readonly share: number;
  /** Of verdicts; an equal pair gives two, one each way round. */
  readonly verdicts: number;
  /** 95 %: the wider of Wilson's and the one that takes gates beginning within the same 20 days for one. */
  readonly interval: readonly [lower: number, upper: number];
}

const STRETCH = 20;

/** A verdict: a judgement read as it is, or with candidate and champion changed over. */
export interface Verdict {
  readonly judgement: Judgement;
  readonly mirrored: boolean;
}

/** Both ways round where the two are equal: neither is the better by design. */
export function verdictsOf(judgements: readonly Judgement[]): Verdict[] {
  return judgements.flatMap((judgement) =>
    judgement.candidate === 'equal'
      ? [
          { judgement, mirrored: false },
          { judgement, mirrored: true },
        ]
      : [{ judgement, mirrored: false }],
  );
}

/** The gain, or the truth, as the verdict sees it. */
export const seen = ({ mirrored }: Verdict, gain: number): number => (mirrored ? -gain : gain);

/**
 * The share of verdicts for which something holds; null answers are left out. The interval treats gates from one
 * stretch of the calendar as a cluster, for they share days: a thousand verdicts on nine stretches are not a thousand.
 * It is never narrower than Wilson's, which is right where verdicts have nothing to do with each other.
 */
export function rateOf(verdicts: readonly Verdict[], holds: (verdict: Verdict) => boolean | null): Rate | null {
  const stretches = new Map<number, { hits: number; verdicts: number }>();
  for (const verdict of verdicts) {
    const held = holds(verdict);
    if (held === null) continue;
    const key = Math.floor(verdict.judgement.start / STRETCH);
    const counted = stretches.get(key) ?? { hits: 0, verdicts: 0 };
    counted.hits += held ? 1 : 0;
    counted.verdicts += 1;
    stretches.set(key, counted);
  }
  const all = [...stretches.values()];
  const count = all.reduce((sum, of) => sum + of.verdicts, 0);
  if (count === 0) return null;
  const share = all.reduce((sum, of) => sum + of.hits, 0) / count;
  const squares = all.reduce((sum, of) => sum + ((of.hits - share * of.verdicts) / count) ** 2, 0);
  const error = Math.sqrt((all.length / Math.max(all.length - 1, 1)) * squares);
  const half = all.length < 2 ? 1 : studentCritical(0.025, all.length - 1) * error;
  const [low, high] = wilson({ hits: all.reduce((sum, of) => sum + of.hits, 0), rows: count }) ?? [0, 1];
  return {
    share,
    verdicts: count,
    interval: [Math.max(Math.min(share - half, low), 0), Math.min(Math.max(share + half, high), 1)],
  };
}
