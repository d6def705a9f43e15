/** What the functions of numbers compute. */
import { always, type Choice, same } from './applied.ts';
import { roundHalfAway } from './casts.ts';
import type { NumberFunction } from './operations.ts';
import { type Kernel, numbersOf, ofNumber, ofNumbers, toNumbers } from './vectors.ts';

// Powers of ten as the nearest doubles; Math.pow may be one bit off.
const powerOfTen = (exponent: number): number => Number(`1e${exponent}`);

/** DuckDB's round(x, n): scale, round half away from zero, scale back; x itself where scaling overflows. */
function roundTo(value: number, digits: number): number {
  if (digits < 0) {
    const scale = powerOfTen(-digits);
    return Number.isFinite(scale) ? roundHalfAway(value / scale) * scale : 0;
  }
  const scale = powerOfTen(digits);
  const rounded = roundHalfAway(value * scale) / scale;
  return Number.isFinite(rounded) ? rounded : value;
}

const real = (f: (a: number) => number): Kernel => ofNumber('number', f);

/** Cuts off toward zero after so many digits; the value itself where scaling overflows. */
function truncateAt(value: number, digits: number): number {
  if (digits < 0) {
    const scale = powerOfTen(-digits);
    return Number.isFinite(scale) ? Math.trunc(value / scale) * scale : 0;
  }
  const scale = powerOfTen(digits);
  const cut = Math.trunc(value * scale) / scale;
  return Number.isFinite(cut) ? cut : value;
}

/** The bucket of `count` equally wide ones between `low` and `high` (excluded); 0 below, `count + 1` above. As PostgreSQL's. */
function widthBucket(value: number, low: number, high: number, count: number): number {
  if (!(count >= 1) || low === high) return Number.NaN;
  const [from, to, at] = low < high ? [low, high, value] : [-low, -high, -value];
  if (at < from) return 0;
  if (at >= to) return count + 1;
  // Rounding may carry what lies just below the end to it.
  return Math.min(Math.floor(((at - from) / (to - from)) * count) + 1, count);
}

const rounding =
  (whole: (a: number) => number, at: (a: number, digits: number) => number): Choice =>
  (node) => {
    if (node.args.length === 1) return same(whole)(node);
    if (node.type !== 'integer') return ofNumbers('number', at);
    return ofNumbers('integer', (value, digits) => (digits < 0 ? at(value, digits) : value));
  };

/** The kernels of the functions of numbers. */
export const NUMBER_KERNELS: Readonly<Record<NumberFunction, Choice>> = {
  abs: same(Math.abs),
  ceil: same(Math.ceil),
  floor: same(Math.floor),
  trunc: rounding(Math.trunc, truncateAt),
  round: rounding(roundHalfAway, roundTo),
  sign: always(ofNumber('integer', Math.sign)),
  sqrt: always(real(Math.sqrt)),
  cbrt: always(real(Math.cbrt)),
  exp: always(real(Math.exp)),
  ln: always(real(Math.log)),
  log2: always(real(Math.log2)),
  log10: always(real(Math.log10)),
  log: always(ofNumbers('number', (base, a) => (base > 0 ? Math.log10(a) / Math.log10(base) : Number.NaN))),
  pow: always(ofNumbers('number', (a, b) => (a === 1 ? 1 : a ** b))),
  sin: always(real(Math.sin)),
  cos: always(real(Math.cos)),
  tan: always(real(Math.tan)),
  asin: always(real(Math.asin)),
  acos: always(real(Math.acos)),
  atan: always(real(Math.atan)),
  atan2: always(ofNumbers('number', Math.atan2)),
  sinh: always(real(Math.sinh)),
  cosh: always(real(Math.cosh)),
  tanh: always(real(Math.tanh)),
  asinh: always(real(Math.asinh)),
  acosh: always(real(Math.acosh)),
  atanh: always(real(Math.atanh)),
  radians: always(real((a) => a * (Math.PI / 180))),
  degrees: always(real((a) => a * (180 / Math.PI))),
  pi: always(toNumbers('number', () => () => Math.PI)),
  width_bucket: always(
    toNumbers('integer', (args) => {
      const [value, low, high, count] = [
        numbersOf(args, 0),
        numbersOf(args, 1),
        numbersOf(args, 2),
        numbersOf(args, 3),
      ];
      return (i) => widthBucket(value[i] ?? 0, low[i] ?? 0, high[i] ?? 0, count[i] ?? 0);
    }),
  ),
};
