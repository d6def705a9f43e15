import * as z from 'zod';

/** A length of time in milliseconds. */
export type Milliseconds = number;

const UNITS: Readonly<Record<string, Milliseconds>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DURATION = /^(\d{1,6}(?:\.\d{1,3})?)([smhdw])$/;
const EXPECTED = 'a duration: a number and one of s, m, h, d, w, such as 10m, 24h or 30d';

/** Milliseconds of a text such as `10m`, `24h` or `30d`; undefined for any other. */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = DURATION.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** A duration as people write it, turned into milliseconds. */
export const durationText = z
  .string({ error: EXPECTED })
  .regex(DURATION, { error: EXPECTED })
  .transform((text): Milliseconds => parseDuration(text) ?? 0);
