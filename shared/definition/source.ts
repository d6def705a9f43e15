import * as z from 'zod';

import { columnNotationSchema } from './column-notation.ts';

const FORMATS = ['csv', 'jsonl', 'parquet'] as const;

/** The format of a delivered file. */
export type PartFormat = (typeof FORMATS)[number];

/** Encodings of text that can be declared. UTF-16 without a byte order mark is little endian. */
const ENCODINGS = ['utf-8', 'utf-16', 'latin-1', 'windows-1252'] as const;

const EXPECTED_DELIMITER =
  'one ASCII character between the fields of CSV, such as ";" or "\\t"; no letter, digit, quote or line end';

const EXPECTED_COMMENT = 'the character that comment lines of CSV begin with: one of # % ! ; * /';

/** What a model's owner declares of the files that land; what is null is found in them. */
export const sourceSchema = z
  .strictObject({
    format: z.enum(FORMATS).nullable().default(null),
    encoding: z.enum(ENCODINGS).nullable().default(null),
    delimiter: z
      .string()
      .refine(
        (text) =>
          text.length === 1 && text.charCodeAt(0) < 0x80 && !'"\n\r\0'.includes(text) && !/[0-9a-z]/i.test(text),
        {
          error: EXPECTED_DELIMITER,
        },
      )
      .nullable()
      .default(null),
    comment: z
      .string()
      .refine((text) => text.length === 1 && '#%!;*/'.includes(text), { error: EXPECTED_COMMENT })
      .nullable()
      .default(null),
    columns: z.record(z.string().min(1).max(255), columnNotationSchema).default({}),
  })
  .superRefine(({ format, encoding, delimiter, comment }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (delimiter !== null && format !== null && format !== 'csv') refuse('delimiter', `${format} has no delimiter`);
    if (comment !== null && format !== null && format !== 'csv') refuse('comment', `${format} has no comments`);
    if (comment !== null && comment === delimiter) refuse('comment', 'another character than the delimiter');
    if (encoding !== null && format === 'parquet') refuse('encoding', 'parquet has no encoding to declare');
  });

/** What is known of the files before they are opened. */
export type SourceFormat = z.output<typeof sourceSchema>;
