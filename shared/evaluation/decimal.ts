const [ZERO, NINE, DOT, PLUS, MINUS, UPPER_E, LOWER_E] = [0x30, 0x39, 0x2e, 0x2b, 0x2d, 0x45, 0x65];

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const isDigit = (byte: number | undefined): byte is number => byte !== undefined && byte >= ZERO && byte <= NINE;

/**
 * The number written in ASCII in `bytes` from `start` up to `end`, correctly rounded, or NaN where it is not a plain
 * decimal number. Stricter than `Number`: nothing, blanks, `0x10`, `Infinity`, `inf` and `nan` are not numbers here.
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative || bytes[at] === PLUS) at += 1;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  for (let byte = bytes[at]; at < end && isDigit(byte); at += 1, byte = bytes[at]) {
    mantissa = mantissa * 10 + byte - ZERO;
    digits += 1;
  }
  if (at < end && bytes[at] === DOT) {
    at += 1;
    for (let byte = bytes[at]; at < end && isDigit(byte); at += 1, byte = bytes[at]) {
      mantissa = mantissa * 10 + byte - ZERO;
      digits += 1;
      scale -= 1;
    }
  }
  if (digits === 0) return Number.NaN;
  if (at < end && (bytes[at] === LOWER_E || bytes[at] === UPPER_E)) {
    at += 1;
    const down = bytes[at] === MINUS;
    if (down || bytes[at] === PLUS) at += 1;
    const first = at;
    let exponent = 0;
    for (let byte = bytes[at]; at < end && isDigit(byte); at += 1, byte = bytes[at])
      exponent = exponent * 10 + byte - ZERO;
    if (at === first) return Number.NaN;
    scale += down ? -exponent : exponent;
  }
  if (at !== end) return Number.NaN;
  // Whole number and power of ten both exact: one multiplication or division rounds correctly (W. D. Clinger, "How to
  // read floating point numbers accurately", 1990). All else goes the long way.
  if (mantissa <= Number.MAX_SAFE_INTEGER && scale >= -22 && scale <= 22) {
    const power = EXACT_POWERS[Math.abs(scale)] ?? Number.NaN;
    const value = scale < 0 ? mantissa / power : mantissa * power;
    return negative ? -value : value;
  }
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
}
