/** A figure as a person reads it: four significant digits, whole numbers in full. */
export function figureText(value: number, digits = 4): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const short = Number(value.toPrecision(digits));
  return Math.abs(short) >= 1e6 || Math.abs(short) < 1e-4 ? short.toExponential() : String(short);
}

/** Two figures with as many digits as it takes to tell them apart, so that nobody reads "0.6 is below 0.6". */
export function apart(a: number, b: number): readonly [string, string] {
  for (let digits = 4; digits < 17; digits += 1) {
    const texts = [figureText(a, digits), figureText(b, digits)] as const;
    if (a === b || texts[0] !== texts[1]) return texts;
  }
  return [String(a), String(b)];
}

/** Sums of doubles are off by some last digits: so small a part of what they were made of is nothing. *assumed* */
const ARITHMETIC = 1e-12;

/**
 * Zero where a figure is zero but for the arithmetic it comes from, else the figure.
 * @param scale The size of what it was made of: of a difference the larger side, of a share 1.
 */
export function zeroWithin(value: number, scale: number): number {
  return Math.abs(value) <= ARITHMETIC * scale ? 0 : value;
}

/** A p-value as a person reads it: nobody means 2.22e-16. */
export function pValueText(p: number): string {
  return p < 1e-4 ? '< 0.0001' : figureText(p);
}

/** A number of rows: `1,234,567`. */
export function counted(rows: number): string {
  return rows.toLocaleString('en-US');
}
