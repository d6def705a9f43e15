import type { ReferenceCase, ReferenceFile } from './reference-file.ts';

/** A figure that is not what it should be. */
export interface Difference {
  /** Where it stands among the case's figures, joined by dots. */
  readonly figure: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** How near is near enough: the file's tolerance, and what a case loosens. */
export interface Tolerances {
  readonly byDefault: ReferenceFile['default_tolerance'];
  readonly loosened: ReferenceCase['tolerance'];
  /** The note of a case may loosen all its figures ("use rel 1e-6"). */
  readonly note: string | undefined;
}

/** The figures the product computes for a case; `undefined: true` where it answers that there are none. */
export type Figures = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The standard error a band is relative to: it stands beside the figure, under its name or a bootstrap's. */
function standardErrorOf(expected: Figures): number {
  const found = expected.bootstrap_se ?? expected.se;
  return typeof found === 'number' ? Math.abs(found) : 0;
}

interface Place {
  readonly path: readonly string[];
  readonly beside: Figures;
}

function allowed(expected: number, { path, beside }: Place, { byDefault, loosened, note }: Tolerances): number {
  const noted = /\buse rel ([0-9.e+-]+)/.exec(note ?? '')?.[1];
  const rel = loosened?.rel ?? (noted === undefined ? byDefault.rel : Math.max(Number(noted), byDefault.rel));
  const near = (loosened?.abs ?? byDefault.abs) + rel * Math.abs(expected);
  const named = path.filter((part) => Number.isNaN(Number(part)));
  if (/^p(_|$)|_p$/.test(named.at(-1) ?? ''))
    return Math.max(near, (loosened?.p_values_abs ?? 0) + rel * Math.abs(expected));
  if (!named.some((part) => part.includes('bootstrap'))) return near;
  return Math.max(
    near,
    (loosened?.bootstrap_rel ?? 0) * Math.abs(expected),
    (loosened?.bootstrap_rel_of_se ?? 0) * standardErrorOf(beside),
  );
}

function differ(
  expected: unknown,
  found: unknown,
  place: Place,
  tolerances: Tolerances,
  skip: (path: string) => boolean,
): Difference[] {
  const figure = place.path.join('.');
  if (skip(figure)) return [];
  const wrong = [{ figure, expected, found }];
  if (typeof expected === 'number') {
    // A hit is 1 in one library and true in another; here a number agrees with a number alone.
    return typeof found === 'number' && Math.abs(found - expected) <= allowed(expected, place, tolerances) ? [] : wrong;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return wrong;
    return expected.flatMap((item: unknown, at) =>
      differ(item, found[at], { ...place, path: [...place.path, String(at)] }, tolerances, skip),
    );
  }
  if (isRecord(expected)) {
    if (!isRecord(found)) return wrong;
    return Object.entries(expected).flatMap(([name, value]) =>
      differ(value, found[name], { path: [...place.path, name], beside: expected }, tolerances, skip),
    );
  }
  return found === expected ? [] : wrong;
}

/**
 * Every figure of `expected` that `found` does not agree with: numbers within the tolerance, null with null alone, a
 * figure that was not computed with nothing. `skip` names by path what is no figure of the product.
 */
export function differences(
  expected: Figures,
  found: Figures,
  tolerances: Tolerances,
  skip: (path: string) => boolean = () => false,
): Difference[] {
  const { undefined: why, ...figures } = expected;
  const wrong = differ(figures, found, { path: [], beside: figures }, tolerances, skip);
  // The files say in words why there are no figures; the product only has to say that there are none.
  const answered = found.undefined === true;
  return (why !== undefined) === answered
    ? wrong
    : [...wrong, { figure: 'undefined', expected: why ?? 'figures', found: answered ? 'no figures' : 'figures' }];
}
