/** What conversions compute, over whole columns. */
import { numericType } from './applied.ts';
import { DAY, dayOfInstant, formatDate, formatTimestamp, parseTimestamp } from './calendar.ts';
import {
  booleanFromText,
  dateFromText,
  integerFromText,
  numberFromText,
  roundHalfEven,
  textFromNumber,
} from './casts.ts';
import type { ColumnType } from './columns.ts';
import {
  type Kernel,
  numbersOf,
  ofNumber,
  ofText,
  ofTruths,
  textsOf,
  toNumbers,
  toTexts,
  toTruths,
  truthsOf,
  UNKNOWN,
} from './vectors.ts';

/** The conversions the checker lets through, by the types they go from and to. */
export function castKernel(from: ColumnType, to: ColumnType): Kernel {
  switch (`${from}-${to}` as const) {
    case 'integer-number':
      return ofNumber('number', (a) => a);
    case 'number-integer':
      return ofNumber('integer', roundHalfEven);
    case 'integer-boolean':
    case 'number-boolean':
      return toTruths((args) => {
        const a = numbersOf(args, 0);
        return (i) => a[i] !== 0;
      });
    case 'boolean-integer':
    case 'boolean-number':
      return toNumbers(numericType(to), (args) => {
        const a = truthsOf(args, 0);
        return (i) => a[i] ?? 0;
      });
    case 'string-integer':
      return ofText('integer', integerFromText);
    case 'string-number':
      return ofText('number', numberFromText);
    case 'string-timestamp':
      return ofText('timestamp', (a) => parseTimestamp(a.trim()));
    case 'string-date':
      return ofText('date', dateFromText);
    case 'string-boolean':
      return (args, rows) => {
        const a = textsOf(args, 0);
        return ofTruths(rows, (i) => {
          const truth = args[0]?.nulls?.[i] === 1 ? null : booleanFromText(a[i] ?? '');
          return truth === null ? UNKNOWN : Number(truth);
        });
      };
    case 'timestamp-date':
      return ofNumber('date', dayOfInstant);
    case 'date-timestamp':
      return ofNumber('timestamp', (days) => days * DAY);
    case 'integer-string':
      return numberToText(String);
    case 'number-string':
      return numberToText(textFromNumber);
    case 'date-string':
      return numberToText(formatDate);
    case 'timestamp-string':
      return numberToText(formatTimestamp);
    case 'boolean-string':
      return toTexts((args) => {
        const a = truthsOf(args, 0);
        return (i) => (a[i] === 1 ? 'true' : 'false');
      });
    default:
      throw new TypeError(`no conversion from ${from} to ${to}`);
  }
}

const numberToText = (format: (value: number) => string): Kernel =>
  toTexts((args) => {
    const a = numbersOf(args, 0);
    return (i) => format(a[i] ?? 0);
  });
