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

/** A number of rows: `1,234,567`. */
export function counted(rows: number): string {
  return rows.toLocaleString('en-US');
}
