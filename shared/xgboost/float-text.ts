/**
 * The shortest decimal that reads back as this float32, as a double. JavaScript prints doubles, so the shortest text of
 * a float32 has to be searched for; six digits are always kept by a float32, nine always name it.
 */
export const shortestFloat32 = (value: number): number => {
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
};

/**
 * A float32 as XGBoost writes it in JSON: `4.4E-1`, `0E0`. The exponent is what makes its reader take a real and not an
 * integer; with `481` for `481E0` it fails with "Invalid cast, from Integer to Number".
 */
export const xgboostFloat = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no place in a model`);
  if (Object.is(value, -0)) return '-0E0';
  return shortestFloat32(value).toExponential().replace('e+', 'E').replace('e', 'E');
};
