/** How the cells of one column are written, where that is not as everybody's programs write it. */
import * as z from 'zod';

/** What may stand in a date's notation: strptime's, as https://duckdb.org/docs/stable/sql/functions/dateformat has them. */
const SPECIFIERS = 'YymbBdjHIMSfpaA';
/** A clock is told by one of these. */
const OF_A_CLOCK = /%[HIMSfp]/;

/** Whether a date's notation has a time of day. */
export const hasClock = (notation: string): boolean => OF_A_CLOCK.test(notation);

/** Why a date's notation says no day; undefined where it says one. */
function faultOf(notation: string): string | undefined {
  const found = [...notation.matchAll(/%(.?)/gu)].map(([, letter = '']) => letter);
  const unknown = found.find((letter) => letter === '' || !SPECIFIERS.includes(letter));
  if (unknown !== undefined) return `%${unknown} is none of ${[...SPECIFIERS].map((letter) => `%${letter}`).join(' ')}`;
  const twice = found.find((letter, at) => found.indexOf(letter) !== at);
  if (twice !== undefined) return `%${twice} stands in it twice`;
  const has = (letters: string): boolean => found.some((letter) => letters.includes(letter));
  if (!has('Yy')) return 'it has no year, %Y or %y';
  if (!has('j') && !(has('mbB') && has('d'))) return 'it has no day: %d and %m (or %b, %B), or %j';
  if (has('I') !== has('p')) return '%I and %p, the half of the day, go together';
  if (has('I') && has('H')) return 'it has the hour twice, %H and %I';
  if (has('MSf') && !has('HI')) return 'it has minutes and no hour, %H or %I';
  return undefined;
}

/** Letters of other notations, as spreadsheets, Java and JavaScript have them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  YYYY: '%Y',
  yyyy: '%Y',
  YY: '%y',
  yy: '%y',
  MMM: '%b',
  MM: '%m',
  DD: '%d',
  dd: '%d',
  HH: '%H',
  hh: '%H',
  mm: '%M',
  ss: '%S',
};

/** What a date's notation was meant to be, where it is written in the letters of others. */
function meantBy(notation: string): string {
  const meant = notation.replaceAll(/([A-Za-z])\1+/g, (letters) => ELSEWHERE[letters] ?? letters);
  return meant !== notation && faultOf(meant) === undefined ? `; did you mean "${meant}"?` : '';
}

const EXPECTED_UNIT = 'a sign that is no part of a number, such as "$", "EUR" or "%"';

/** Declared of one column; what is null, or empty, is as it always is. */
export const columnNotationSchema = z
  .strictObject({
    /** Days or times, as strptime is told: `%d.%m.%Y`. */
    date: z
      .string()
      .max(60)
      .superRefine((notation, context) => {
        const fault = faultOf(notation);
        if (fault !== undefined)
          context.addIssue({
            code: 'custom',
            message: `a date's notation such as "%d.%m.%Y" or "%m/%d/%Y %H:%M": ${fault}${meantBy(notation)}`,
          });
      })
      .nullable()
      .default(null),
    /** Times, counted from 1970. */
    epoch: z.enum(['seconds', 'milliseconds']).nullable().default(null),
    decimal: z.enum(['.', ',']).nullable().default(null),
    /** A space stands for those that do not break, too, and an apostrophe for the typographic one. */
    thousands: z.enum(['.', ',', ' ', "'"]).nullable().default(null),
    /** A sign beside numbers, which is taken off: 12 % is 12. */
    unit: z
      .string()
      .max(8)
      .refine((unit) => unit.trim() !== '' && !/[-+.,()\d\p{Nd}\p{C}'"]/u.test(unit), { error: EXPECTED_UNIT })
      .nullable()
      .default(null),
    /** Whole cells that stand for no value, beside those that always do. */
    missing: z.array(z.string().trim().min(1).max(40)).max(20).default([]),
  })
  .superRefine(({ date, epoch, decimal, thousands, unit, missing }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const isNumber = decimal !== null || thousands !== null || unit !== null;
    if (date !== null && epoch !== null) refuse('epoch', 'a date is declared already: one of date and epoch');
    else if (isNumber && (date !== null || epoch !== null))
      refuse(
        date === null ? 'epoch' : 'date',
        'a column holds times or numbers: one of date, epoch and how numbers are written',
      );
    if (thousands !== null && thousands === (decimal ?? '.'))
      refuse('thousands', `no ${thousands}: it stands before the decimals`);
    if (date === null && epoch === null && !isNumber && missing.length === 0)
      context.addIssue({
        code: 'custom',
        message: 'at least one of date, epoch, decimal, thousands, unit and missing',
      });
  });

/** What is declared of one column. */
export type ColumnNotation = z.output<typeof columnNotationSchema>;

/** Nothing is declared of it. */
export const PLAIN_NOTATION: ColumnNotation = {
  date: null,
  epoch: null,
  decimal: null,
  thousands: null,
  unit: null,
  missing: [],
};
