/**
 * A sum of doubles without rounding, as doubles that do not overlap, the largest first. Equal sums have equal parts,
 * whatever the order in which the terms came: windows merged in any order give the same bytes.
 */
export type ExactSum = readonly number[];

/** Adds a term to an expansion in place (Shewchuk 1997, "grow expansion", the smallest part first). */
function grow(parts: number[], term: number): void {
  let kept = 0;
  for (const part of parts) {
    const sum = term + part;
    const shifted = sum - term;
    const error = term - (sum - shifted) + (part - shifted);
    if (error !== 0) {
      parts[kept] = error;
      kept += 1;
    }
    term = sum;
  }
  parts.length = kept;
  if (term !== 0) parts.push(term);
}

/** The double nearest to the sum of an expansion's parts. */
function nearest(parts: readonly number[]): number {
  let at = parts.length - 1;
  if (at < 0) return 0;
  let sum = parts[at] ?? 0;
  let error = 0;
  while (at > 0 && error === 0) {
    at -= 1;
    const high = sum;
    const low = parts[at] ?? 0;
    sum = high + low;
    error = low - (sum - high);
  }
  // Half a unit is rounded to even above; what lies further down says which way it must go (as in Python's fsum).
  const below = at > 0 ? (parts[at - 1] ?? 0) : 0;
  if (error !== 0 && below !== 0 && error < 0 === below < 0) {
    const doubled = 2 * error;
    const moved = sum + doubled;
    if (moved - sum === doubled) return moved;
  }
  return sum;
}

/** The one expansion of a sum in which each part is the double nearest to what the parts before it leave. */
function canonical(parts: number[]): ExactSum {
  const rest = [...parts];
  const found: number[] = [];
  while (rest.length > 0) {
    const part = nearest(rest);
    if (part === 0) break;
    found.push(part);
    grow(rest, -part);
  }
  return found;
}

/** The exact sum of the terms. */
export function exactSum(terms: Iterable<number>): ExactSum {
  const parts: number[] = [];
  for (const term of terms) grow(parts, term);
  return canonical(parts);
}

/** The exact sum of sums. */
export function addExact(...sums: readonly ExactSum[]): ExactSum {
  return exactSum(sums.flat());
}

/** The double nearest to the sum. */
export function rounded(sum: ExactSum): number {
  return sum[0] ?? 0;
}

/** 2^27 + 1 splits a double's 53 bits into halves whose products are exact (Dekker 1971). */
export const SPLITTER = 134_217_729;

/** A product as two doubles, without rounding; exact for factors between 1e-150 and 1e150. */
export function exactProduct(a: number, b: number): readonly [high: number, low: number] {
  const high = a * b;
  const [aTop, bTop] = [a * SPLITTER, b * SPLITTER];
  const [aHigh, bHigh] = [aTop - (aTop - a), bTop - (bTop - b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return [high, aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow)];
}
