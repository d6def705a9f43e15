import { chiSquareTail, fairCoinCdf, fairCoinPmf } from './distributions.ts';

/** Rows on which exactly one of two models is right. */
export interface Discordant {
  readonly onlyChallengerRight: number;
  readonly onlyChampionRight: number;
}

/** McNemar's test of two models' error rates on the same rows, in all its forms; two-sided. */
export interface McNemar {
  readonly discordant: number;
  readonly pExact: number;
  readonly pMid: number;
  readonly chiSquare: number;
  readonly pChiSquare: number;
  readonly chiSquareCorrected: number;
  readonly pChiSquareCorrected: number;
  /** Mid-p below 25 discordant rows, else chi-square with continuity correction. */
  readonly p: number;
}

/** Below this many discordant rows chi-square is no good approximation of the binomial. */
const FEW = 25;

/**
 * McNemar's test (1947): the discordant rows are throws of a fair coin if both models err equally often. Exact, mid-p
 * (Fagerland, Lydersen and Laake 2013), chi-square, and chi-square with Edwards' correction |b-c|-1, floored at 0.
 * @throws RangeError where a count is negative or not whole
 */
export function mcNemar({ onlyChallengerRight: b, onlyChampionRight: c }: Discordant): McNemar {
  if (!Number.isSafeInteger(b) || !Number.isSafeInteger(c) || b < 0 || c < 0) {
    throw new RangeError(`${b} and ${c} are not counts`);
  }
  const discordant = b + c;
  const fewer = Math.min(b, c);
  const none = discordant === 0;
  const pExact = none ? 1 : Math.min(2 * fairCoinCdf(fewer, discordant), 1);
  const pMid = none || b === c ? 1 : 2 * fairCoinCdf(fewer, discordant) - fairCoinPmf(fewer, discordant);
  const chiSquare = none ? 0 : (b - c) ** 2 / discordant;
  const chiSquareCorrected = none ? 0 : Math.max(Math.abs(b - c) - 1, 0) ** 2 / discordant;
  const pChiSquareCorrected = chiSquareTail(chiSquareCorrected, 1);
  return {
    discordant,
    pExact,
    pMid,
    chiSquare,
    pChiSquare: chiSquareTail(chiSquare, 1),
    chiSquareCorrected,
    pChiSquareCorrected,
    p: discordant < FEW ? pMid : pChiSquareCorrected,
  };
}
