/** Reads numbers as most programs write them, to the double that is nearest: what the engine's cast gives, without the engine. */
import { putWhole } from './held-columns.ts';

const [MINUS, PLUS, POINT, ZERO] = [0x2d, 0x2b, 0x2e, 0x30] as const;
/** Powers of ten that are doubles. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
const MOST_POWER = 22;
/** So many digits are a word of 32 bits, in which V8 counts three times as fast as in doubles. */
const WORD_DIGITS = 9;
/** So many digits are exact in a double. */
const EXACT_DIGITS = 15;
const MAX_EXACT = Number.MAX_SAFE_INTEGER;
/** Beyond them readers differ on what is infinite, zero or refused. */
const [LEAST, MOST] = [1e-300, 1e300] as const;
const MOST_EXPONENT_DIGITS = 3;

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

/**
 * Puts the value of `-12` into a row of words; false where the bytes are spelled otherwise, or are beyond 2^53. What is read
 * is put, and not returned: a number that is returned becomes an object, of which every cell would leave one behind.
 */
export function putInteger(words: Uint32Array, row: number, bytes: Uint8Array, from: number, to: number): boolean {
  const isNegative = bytes[from] === MINUS;
  let at = isNegative ? from + 1 : from;
  const length = to - at;
  if (length < 1 || length > 16) return false;
  // What is written with a zero in front is no number but a code; of -0 spellings differ.
  if (bytes[at] === ZERO && (length > 1 || isNegative)) return false;
  const wordEnd = length > WORD_DIGITS ? at + WORD_DIGITS : to;
  let word = 0;
  for (; at < wordEnd; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    word = (word * 10 + digit) | 0;
  }
  if (at === to) {
    words[row * 2] = isNegative ? -word : word;
    words[row * 2 + 1] = isNegative ? -1 : 0;
    return true;
  }
  let value = word;
  for (; at < to; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  if (value > MAX_EXACT) return false;
  putWhole(words, row, isNegative ? -value : value);
  return true;
}

/** Puts the value of `-12`, `1.5`, `.5`, `1.2e-7` into a row; false where the bytes are spelled otherwise. */
export function putNumber(doubles: Float64Array, row: number, bytes: Uint8Array, from: number, to: number): boolean {
  const isNegative = bytes[from] === MINUS;
  const begin = isNegative ? from + 1 : from;
  let at = begin;
  let point = -1;
  if (bytes[at] === ZERO && at < to) {
    at += 1;
    if (at < to && isDigit(bytes[at] as number)) return false;
    if (at < to && bytes[at] === POINT) {
      point = at;
      at += 1;
      while (at < to && bytes[at] === ZERO) at += 1;
    }
  }
  // The digits from the first that is not zero: nine in one word, nine in another.
  let high = 0;
  let highDigits = 0;
  for (; at < to && highDigits < WORD_DIGITS; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit >= 0 && digit <= 9) {
      high = (high * 10 + digit) | 0;
      highDigits += 1;
    } else if (digit === POINT - ZERO && point < 0) point = at;
    else break;
  }
  let low = 0;
  let lowDigits = 0;
  if (highDigits === WORD_DIGITS) {
    for (; at < to && lowDigits < WORD_DIGITS; at += 1) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit >= 0 && digit <= 9) {
        low = (low * 10 + digit) | 0;
        lowDigits += 1;
      } else if (digit === POINT - ZERO && point < 0) point = at;
      else break;
    }
  }
  let isLonger = false;
  for (; at < to; at += 1) {
    if (isDigit(bytes[at] as number)) isLonger = true;
    else if (bytes[at] === POINT && point < 0) point = at;
    else break;
  }
  if (at - begin - (point < 0 ? 0 : 1) < 1) return false;
  let scale = point < 0 ? 0 : at - point - 1;
  if (at < to) {
    const power = exponent(bytes, at, to);
    if (Number.isNaN(power)) return false;
    scale -= power;
  }
  if (high === 0 && low === 0 && !isLonger) {
    doubles[row] = isNegative ? -0 : 0;
    return true;
  }
  let size = Number.NaN;
  if (!isLonger && scale >= -MOST_POWER && scale <= MOST_POWER) {
    if (highDigits + lowDigits <= EXACT_DIGITS) {
      const whole = lowDigits === 0 ? high : high * (POWERS[lowDigits] as number) + low;
      size = scale < 0 ? whole * (POWERS[-scale] as number) : whole / (POWERS[scale] as number);
    } else if (scale >= 0) size = nearest(high, POWERS[lowDigits] as number, low, POWERS[scale] as number);
  }
  if (Number.isNaN(size)) size = Number(latin1(bytes, begin, to));
  if (size < LEAST || size > MOST) return false;
  doubles[row] = isNegative ? -size : size;
  return true;
}

/** The value of `e-7`. */
function exponent(bytes: Uint8Array, from: number, to: number): number {
  if (((bytes[from] as number) | 0x20) !== 0x65) return Number.NaN;
  const sign = bytes[from + 1];
  let at = from + 1 + (sign === MINUS || sign === PLUS ? 1 : 0);
  if (at >= to || to - at > MOST_EXPONENT_DIGITS) return Number.NaN;
  let value = 0;
  for (; at < to; at += 1) {
    if (!isDigit(bytes[at] as number)) return Number.NaN;
    value = value * 10 + (bytes[at] as number) - ZERO;
  }
  return sign === MINUS ? -value : value;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** Splits a double into halves whose products are exact (Dekker 1971). */
const SPLITTER = 2 ** 27 + 1;

/** What a product loses to rounding, exactly (Dekker 1971). */
function lost(a: number, b: number, product: number): number {
  const wideA = a * SPLITTER;
  const highA = wideA - (wideA - a);
  const lowA = a - highA;
  const wideB = b * SPLITTER;
  const highB = wideB - (wideB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

/**
 * The double nearest to `(high * shift + low) / divisor`, all of them whole and below 10^9 but for the divisor; NaN where it
 * is too close to the middle of two for this to tell. The quotient is worked out as a sum of two doubles; if it rounds to the same double from a little above
 * and a little below, that is it.
 */
function nearest(high: number, shift: number, low: number, divisor: number): number {
  const whole = high * shift;
  const rest = lost(high, shift, whole) + low;
  const quotient = whole / divisor;
  const back = quotient * divisor;
  // The remainder of a division is a double, so that this is exact; what follows loses less than 2^-50 of itself.
  const remainder = whole - back - lost(quotient, divisor, back);
  const correction = (remainder + rest) / divisor;
  const error = Math.abs(correction) * 2 ** -50;
  const below = quotient + (correction - error);
  return below === quotient + (correction + error) ? below : Number.NaN;
}
