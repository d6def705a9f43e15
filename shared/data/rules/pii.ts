/**
 * Values that look like personal data, by shape and, where the format has one, by checksum. A value counts when all of it
 * (blanks around it aside) is such a thing; of longer ones the first 256 characters are looked at. Only counts are kept.
 */
import { howMany } from '../../report/how-many.ts';
import type { BlockColumn } from '../block.ts';
import { literal } from '../sql.ts';
import type { Judgement } from './check.ts';
import { figure } from './check.ts';
import type { Measure, Measured } from './counts.ts';

/** Characters looked at. */
const CUT = 256;
/** So many hits, and so great a share of the values, make a column suspect. */
const MIN_HITS = 3;
const MIN_SHARE = 0.01;
/**
 * Of values that have the shape of a number with a checksum, so many must pass it: of arbitrary digits one in ten passes
 * Luhn's, and of arbitrary letters and digits one in 97 that of an IBAN.
 */
const MIN_VALID_SHARE = 0.25;

interface Kind {
  readonly name: string;
  /** A person's word for it. */
  readonly told: string;
  /** What is looked at, made from the trimmed text. */
  readonly text: (text: string) => string;
  readonly shape: string;
  /** A condition besides the shape; only evaluated where the shape is right. */
  readonly valid?: (text: string) => string;
  readonly integers?: boolean;
}

const asItIs = (text: string): string => text;
const without = (characters: string) => (text: string) => `regexp_replace(${text}, ${literal(characters)}, '', 'g')`;

/** Luhn's sum (ISO/IEC 7812-1, annex B): from the right every second digit is doubled, less 9 where that is above 9. */
const luhn = (digits: string): string =>
  `list_sum(list_transform(string_split(reverse(${digits}), ''), lambda d, i: ascii(CASE WHEN i % 2 = 1 THEN d ELSE translate(d, '0123456789', '0246813579') END) - 48)) % 10 = 0`;

/** The check of an IBAN (ISO 13616-1): the first four characters last, letters as 10 to 35, and 1 is left modulo 97. */
const mod97 = (iban: string): string => {
  const moved = `(substr(${iban}, 5) || left(${iban}, 4))`;
  const worth = "CASE WHEN c BETWEEN '0' AND '9' THEN ascii(c) - 48 ELSE ascii(c) - 55 END";
  return `list_reduce(list_prepend(0, list_transform(string_split(${moved}, ''), lambda c: ${worth})), lambda a, d: (a * CASE WHEN d > 9 THEN 100 ELSE 10 END + d) % 97) = 1`;
};

const KINDS: readonly Kind[] = [
  {
    name: 'email',
    told: 'e-mail addresses',
    text: asItIs,
    shape: "[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\\.[A-Za-z]{2,24}",
  },
  {
    // Areas 000, 666 and 900 to 999, group 00 and serial 0000 are never given out. Source: ssa.gov, "Social Security
    // Number Randomization Frequently Asked Questions".
    name: 'ssn',
    told: 'US social security numbers',
    text: asItIs,
    shape: '[0-8][0-9]{2}[- ][0-9]{2}[- ][0-9]{4}',
    valid: (text) =>
      `left(${text}, 3) NOT IN ('000', '666') AND substr(${text}, 5, 2) <> '00' AND right(${text}, 4) <> '0000'`,
  },
  {
    name: 'card',
    told: 'payment card numbers',
    text: without('[ -]'),
    // Lengths and first digits of the large schemes, ISO/IEC 7812.
    shape:
      '4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|35[0-9]{14}',
    valid: luhn,
    integers: true,
  },
  {
    name: 'iban',
    told: 'IBANs',
    text: (text) => `upper(${without(' ')(text)})`,
    shape: '[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}',
    valid: mod97,
  },
  // ITU-T E.164: a plus and at most 15 digits, the first not 0.
  { name: 'phone', told: 'telephone numbers', text: without('[ ().-]'), shape: '\\+[1-9][0-9]{6,14}' },
  {
    name: 'ipv4',
    told: 'IPv4 addresses',
    text: asItIs,
    shape: '(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})',
  },
];

/** Most values have none of the characters that any of the shapes begins with or holds, and need no further look. */
const GUARD = "'^[+(0-9]|^[A-Za-z]{2}[0-9]{2}|@'";

/** What is counted of a column of text, or of integers, which can only be card numbers. `untilLine`: only rows up to there. */
export function piiMeasure({ cell, type }: BlockColumn, untilLine?: number): Measure {
  const kinds = KINDS.filter(({ integers }) => type === 'string' || integers === true);
  const source = type === 'integer' ? `${cell}::VARCHAR` : `left(trim(${cell}), ${CUT})`;
  const within = (condition: string): string =>
    untilLine === undefined ? condition : `CASE WHEN line > ${untilLine} THEN false ELSE ${condition} END`;
  const counts: Record<string, string> = {};
  for (const { name, text, shape, valid } of kinds) {
    const looked = text(source);
    const shaped = within(`regexp_full_match(${looked}, ${literal(shape)})`);
    if (valid !== undefined) counts[`${name}_shape`] = shaped;
    // A list of one and a lambda give the text a name: it is made once, however often the check reads it.
    counts[name] =
      valid === undefined
        ? shaped
        : `CASE WHEN ${shaped} THEN list_transform([${looked}], lambda t: ${valid('t')})[1] ELSE false END`;
  }
  return {
    counts: {
      evaluated: within(`${cell} IS NOT NULL`),
      // The shapes are dear to look for, and most columns have nothing of any.
      suspect: within(`regexp_matches(${source}, ${GUARD})`),
    },
    detail: { where: 'suspect', counts },
    ...(untilLine === undefined ? {} : { untilLine }),
  };
}

/** Judges what {@link piiMeasure} counted. */
export function judgePii({ counts }: Measured): Judgement {
  const evaluated = counts.evaluated ?? 0;
  const threshold = `< ${MIN_SHARE}, or fewer than ${MIN_HITS}`;
  const found = KINDS.map(({ name, told }) => ({ told, hits: counts[name] ?? 0, shaped: counts[`${name}_shape`] ?? 0 }))
    .filter(({ hits, shaped }) => hits >= MIN_HITS && hits / evaluated >= MIN_SHARE && hits >= MIN_VALID_SHARE * shaped)
    .sort((a, b) => b.hits - a.hits);
  const hits = found.reduce((sum, kind) => sum + kind.hits, 0);
  return {
    result: found.length === 0 ? 'pass' : 'broken',
    value: evaluated === 0 ? null : hits / evaluated,
    threshold,
    evaluated,
    failed: hits,
    message:
      found.length === 0
        ? `nothing in ${howMany(evaluated, 'value')} looks like personal data`
        : `of ${howMany(evaluated, 'value')} ${found.map((kind) => `${figure(kind.hits)} ${kind.hits === 1 ? 'looks' : 'look'} like ${kind.told}`).join(', ')}`,
  };
}
