/**
 * Tails and quantiles of the distributions behind the tests and intervals: to ten digits and more for up to a hundred
 * thousand degrees of freedom or throws, to seven for ten million.
 */

// Lanczos' approximation with g = 7 and nine terms (Numerical Recipes, 6.1): about fifteen digits.
const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;
const EPSILON = 2 ** -52;
/** Stands in for a zero denominator in Lentz's evaluation of a continued fraction. */
const TINY = 1e-300;
/** Continued fractions and series end long before; a value that needs more is refused, not rounded. */
const TERMS = 100_000;

/** The logarithm of the gamma function, for `x` > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const sum = LANCZOS.reduce((total, term, at) => (at === 0 ? term : total + term / (shifted + at)), 0);
  const t = shifted + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

function lowerGammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n <= TERMS; n += 1) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * EPSILON) return sum * Math.exp(-x + a * Math.log(x) - logGamma(a));
  }
  throw new RangeError(`the incomplete gamma function does not converge at ${a}, ${x}`);
}

function upperGammaFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / (b === 0 ? TINY : b);
  let value = d;
  for (let n = 1; n <= TERMS; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < TINY) d = TINY;
    c = b + an / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    value *= d * c;
    if (Math.abs(d * c - 1) <= EPSILON) return value * Math.exp(-x + a * Math.log(x) - logGamma(a));
  }
  throw new RangeError(`the incomplete gamma function does not converge at ${a}, ${x}`);
}

/** The regularised upper incomplete gamma function Q(a, x) (https://dlmf.nist.gov/8.2). */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  return x < a + 1 ? 1 - lowerGammaSeries(a, x) : upperGammaFraction(a, x);
}

/** P(X > x) of a chi-square variable with `dof` degrees of freedom. */
export function chiSquareTail(x: number, dof: number): number {
  return upperGamma(dof / 2, x / 2);
}

/** The middle of the interval in which `tail`, falling, passes `target`; halved until no double lies between. */
function solveFalling(tail: (x: number) => number, target: number, low: number, high: number): number {
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (tail(middle) > target) low = middle;
    else high = middle;
  }
}

/** The value a chi-square variable exceeds with probability `tail`, which lies between 0 and 1, both excluded. */
export function chiSquareCritical(tail: number, dof: number): number {
  let high = Math.max(dof, 1);
  while (chiSquareTail(high, dof) > tail) high *= 2;
  return solveFalling((x) => chiSquareTail(x, dof), tail, 0, high);
}

/** P(Z > z) of a standard normal variable. */
export function normalTail(z: number): number {
  const half = upperGamma(0.5, (z * z) / 2) / 2;
  return z >= 0 ? half : 1 - half;
}

/** The value a standard normal variable exceeds with probability `tail`, which lies between 0 and 1, both excluded. */
export function normalCritical(tail: number): number {
  // No double's tail lies beyond 40 standard deviations.
  return tail > 0.5 ? -normalCritical(1 - tail) : solveFalling(normalTail, tail, 0, 40);
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < TINY ? TINY : d);
  let value = d;
  for (let m = 1; m <= TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    c = 1 + even / c;
    d = 1 / (Math.abs(d) < TINY ? TINY : d);
    if (Math.abs(c) < TINY) c = TINY;
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    c = 1 + odd / c;
    d = 1 / (Math.abs(d) < TINY ? TINY : d);
    if (Math.abs(c) < TINY) c = TINY;
    value *= d * c;
    if (Math.abs(d * c - 1) <= EPSILON) return value;
  }
  throw new RangeError(`the incomplete beta function does not converge at ${x}, ${a}, ${b}`);
}

/** The regularised incomplete beta function I(x; a, b) (https://dlmf.nist.gov/8.17), by Lentz's continued fraction. */
function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The value below which a beta variable falls with probability `p`. */
export function betaQuantile(p: number, a: number, b: number): number {
  return solveFalling((x) => 1 - betaCdf(x, a, b), 1 - p, 0, 1);
}

/** P(|T| > |t|) of Student's t with `dof` degrees of freedom. */
export function studentTwoSided(t: number, dof: number): number {
  return betaCdf(dof / (dof + t * t), dof / 2, 0.5);
}

/** From here on Student's t is the normal distribution to six digits. */
const NORMAL_FROM = 1_000_000;

/**
 * The value Student's t with `dof` degrees of freedom exceeds with probability `tail`, which lies between 0 and 1, both
 * excluded.
 * @throws RangeError without a degree of freedom
 */
export function studentCritical(tail: number, dof: number): number {
  if (!(dof >= 1)) throw new RangeError(`Student's t with ${dof} degrees of freedom`);
  if (tail > 0.5) return -studentCritical(1 - tail, dof);
  if (dof >= NORMAL_FROM) return normalCritical(tail);
  let high = 40;
  while (studentTwoSided(high, dof) / 2 > tail) high *= 2;
  return solveFalling((t) => studentTwoSided(t, dof) / 2, tail, 0, high);
}

/** P(K <= k) of the number of heads in `n` throws of a fair coin. */
export function fairCoinCdf(k: number, n: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : betaCdf(0.5, n - k, k + 1);
}

/** P(K = k) of the number of heads in `n` throws of a fair coin. */
export function fairCoinPmf(k: number, n: number): number {
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
}
