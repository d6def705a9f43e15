/** How the cells of one column are written, where that is not as everybody's programs write it. */
import * as z from 'zod';

/** What may stand in a date's notation: strptime's, as https://duckdb.org/docs/stable/sql/functions/dateformat has them. */
const SPECIFIERS = 'YymbBdjHIMSfpaA';
/** A clock is told by one of these. */
const OF_A_CLOCK = /%[HIMSfp]/;

/** What may stand in a clock's notation. */
const OF_A_TIME_OF_DAY = 'HIMSfp';

/** Whether a date's notation has a time of day. */
export const hasClock = (notation: string): boolean => OF_A_CLOCK.test(notation);

/** Letters of a notation, as strptime has them. */
const lettersOf = (notation: string): string[] => [...notation.matchAll(/%(.?)/gu)].map(([, letter = '']) => letter);

/** Why a notation cannot be read, whatever it is of. */
function spellingFault(found: readonly string[], known: string): string | undefined {
  const unknown = found.find((letter) => letter === '' || !known.includes(letter));
  if (unknown !== undefined) return `%${unknown} is none of ${[...known].map((letter) => `%${letter}`).join(' ')}`;
  const twice = found.find((letter, at) => found.indexOf(letter) !== at);
  return twice === undefined ? undefined : `%${twice} stands in it twice`;
}

/** Why a notation's time of day cannot be told; it need not have one. */
function clockFault(found: readonly string[]): string | undefined {
  const has = (letters: string): boolean => found.some((letter) => letters.includes(letter));
  if (has('I') !== has('p')) return '%I and %p, the half of the day, go together';
  if (has('I') && has('H')) return 'it has the hour twice, %H and %I';
  if (has('MSf') && !has('HI')) return 'it has minutes and no hour, %H or %I';
  return undefined;
}

/** Why a date's notation says no day; undefined where it says one. */
function faultOf(notation: string): string | undefined {
  const found = lettersOf(notation);
  const spelling = spellingFault(found, SPECIFIERS);
  if (spelling !== undefined) return spelling;
  const has = (letters: string): boolean => found.some((letter) => letters.includes(letter));
  const isOfAClock = found.length > 0 && found.every((letter) => OF_A_TIME_OF_DAY.includes(letter));
  if (isOfAClock) return 'it has a time of day and no day; that is declared as clock';
  if (!has('Yy')) return 'it has no year, %Y or %y';
  if (!has('j') && !(has('mbB') && has('d'))) return 'it has no day: %d and %m (or %b, %B), or %j';
  return clockFault(found);
}

/** Why a clock's notation says no time of day; undefined where it says one. */
function faultOfClock(notation: string): string | undefined {
  const found = lettersOf(notation);
  if (found.some((letter) => letter !== '' && SPECIFIERS.includes(letter) && !OF_A_TIME_OF_DAY.includes(letter)))
    return 'it has a day; that is declared as date';
  const spelling = spellingFault(found, OF_A_TIME_OF_DAY);
  if (spelling !== undefined) return spelling;
  if (!found.includes('H') && !found.includes('I')) return 'it has no hour, %H or %I';
  return clockFault(found);
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
/** Letters that stand alone, in Java and JavaScript: `h:mm a`. */
const ELSEWHERE_ALONE: Readonly<Record<string, string>> = { H: '%H', h: '%I', a: '%p', A: '%p', d: '%d', M: '%m' };

/** What a notation was meant to be, where it is written in the letters of others: hours that go with a half of the day are %I. */
function meantBy(notation: string, fault: (meant: string) => string | undefined): string {
  const halves = /(?<![A-Za-z])[aA](?![A-Za-z])/.test(notation);
  const meant = notation.replaceAll(/(?<![A-Za-z%])([A-Za-z])\1*(?![A-Za-z])/g, (letters) => {
    const known = ELSEWHERE[letters] ?? ELSEWHERE_ALONE[letters];
    if (known === undefined) return letters;
    return halves && known === '%H' ? '%I' : known;
  });
  return meant !== notation && fault(meant) === undefined ? `; did you mean "${meant}"?` : '';
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
            message: `a date's notation such as "%d.%m.%Y" or "%m/%d/%Y %H:%M": ${fault}${meantBy(notation, faultOf)}`,
          });
      })
      .nullable()
      .default(null),
    /** Times of day without a day, as strptime is told: `%I:%M %p`. They are numbers: seconds since midnight. */
    clock: z
      .string()
      .max(40)
      .superRefine((notation, context) => {
        const fault = faultOfClock(notation);
        if (fault !== undefined)
          context.addIssue({
            code: 'custom',
            message: `a clock's notation such as "%H:%M" or "%I:%M:%S %p": ${fault}${meantBy(notation, faultOfClock)}`,
          });
      })
      .nullable()
      .default(null),
    /** Times, counted from 1970. */
    epoch: z.enum(['seconds', 'milliseconds', 'microseconds', 'nanoseconds']).nullable().default(null),
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
  .superRefine(({ date, clock, epoch, decimal, thousands, unit, missing }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const isNumber = decimal !== null || thousands !== null || unit !== null;
    const [first, second] = Object.entries({ date, clock, epoch }).flatMap(([name, value]) =>
      value === null ? [] : [name],
    );
    if (first !== undefined && second !== undefined)
      refuse(second, `a ${first} is declared already: one of date, clock and epoch`);
    else if (isNumber && first !== undefined)
      refuse(first, 'a column holds times or numbers: one of date, clock, epoch and how numbers are written');
    if (thousands !== null && thousands === (decimal ?? '.'))
      refuse('thousands', `no ${thousands}: it stands before the decimals`);
    if (first === undefined && !isNumber && missing.length === 0)
      context.addIssue({
        code: 'custom',
        message: 'at least one of date, clock, epoch, decimal, thousands, unit and missing',
      });
  });

/** What is declared of one column. */
export type ColumnNotation = z.output<typeof columnNotationSchema>;

/** Nothing is declared of it. */
export const PLAIN_NOTATION: ColumnNotation = {
  date: null,
  clock: null,
  epoch: null,
  decimal: null,
  thousands: null,
  unit: null,
  missing: [],
};
