/** Reads numbers as most programs write them, to the double that is nearest: what the engine's cast gives, without the engine. */

const [MINUS, PLUS, POINT, ZERO] = [0x2d, 0x2b, 0x2e, 0x30] as const;
/** Powers of ten that are doubles. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
const MOST_POWER = 22;
/** Below it there is room for a fifteenth digit, and so much is exact. */
const FOURTEEN_DIGITS = 1e14;
const MOST_LOW_DIGITS = 4;
const MAX_EXACT = Number.MAX_SAFE_INTEGER;
/** Beyond them readers differ on what is infinite, zero or refused. */
const [LEAST, MOST] = [1e-300, 1e300] as const;
const MOST_EXPONENT_DIGITS = 3;

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

/** The value of `-12`; NaN where the bytes are spelled otherwise, or are beyond 2^53. */
export function plainInteger(bytes: Uint8Array, from: number, to: number): number {
  const isNegative = bytes[from] === MINUS;
  let at = isNegative ? from + 1 : from;
  const length = to - at;
  if (length < 1 || length > 16) return Number.NaN;
  // What is written with a zero in front is no number but a code; of -0 spellings differ.
  if (bytes[at] === ZERO) return length > 1 || isNegative ? Number.NaN : 0;
  let value = 0;
  for (; at < to; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (value > MAX_EXACT) return Number.NaN;
  return isNegative ? -value : value;
}

/** The value of `-12`, `1.5`, `.5`, `1.2e-7`; NaN where the bytes are spelled otherwise. */
export function plainNumber(bytes: Uint8Array, from: number, to: number): number {
  const isNegative = bytes[from] === MINUS;
  const begin = isNegative ? from + 1 : from;
  if (bytes[begin] === ZERO && begin + 1 < to && isDigit(bytes[begin + 1] as number)) return Number.NaN;
  let high = 0;
  let low = 0;
  let lowDigits = 0;
  let point = -1;
  let at = begin;
  for (; at < to; at += 1) {
    const byte = bytes[at] as number;
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (high < FOURTEEN_DIGITS) high = high * 10 + digit;
      else {
        low = low * 10 + digit;
        lowDigits += 1;
      }
    } else if (byte === POINT && point < 0) point = at;
    else break;
  }
  const end = at;
  if (end - begin - (point < 0 ? 0 : 1) < 1) return Number.NaN;
  let scale = point < 0 ? 0 : end - point - 1;
  if (at < to) {
    const power = exponent(bytes, at, to);
    if (Number.isNaN(power)) return Number.NaN;
    scale -= power;
  }
  if (high === 0) return isNegative ? -0 : 0;
  let size = Number.NaN;
  if (lowDigits === 0) {
    if (scale === 0) size = high;
    else if (scale > 0 && scale <= MOST_POWER) size = high / (POWERS[scale] as number);
    else if (scale < 0 && scale >= -MOST_POWER) size = high * (POWERS[-scale] as number);
  } else if (lowDigits <= MOST_LOW_DIGITS && scale >= 0 && scale <= MOST_POWER) {
    size = nearest(high, POWERS[lowDigits] as number, low, POWERS[scale] as number);
  }
  if (Number.isNaN(size)) size = Number(latin1(bytes, begin, to));
  if (size < LEAST || size > MOST) return Number.NaN;
  return isNegative ? -size : size;
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
 * The double nearest to `(high * shift + low) / divisor`, all of them whole; NaN where it is too close to the middle of two
 * for this to tell. The quotient is worked out as a sum of two doubles; if it rounds to the same double from a little above
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
