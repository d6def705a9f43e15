/** What each operation computes, over whole columns. */
import {
  bordersBetween,
  civilFromDays,
  DATE_PARTS,
  DAY,
  type DatePart,
  dayOfInstant,
  dayOfWeek,
  dayOfYear,
  daysFromCivil,
  daysOfMonth,
  formatDate,
  formatTimestamp,
  hourOf,
  isoDayOfWeek,
  isoWeek,
  minuteOf,
  parseTimestamp,
  secondOf,
  truncateTo,
} from './calendar.ts';
import {
  booleanFromText,
  dateFromText,
  integerFromText,
  numberFromText,
  roundHalfAway,
  roundHalfEven,
  textFromNumber,
} from './casts.ts';
import type { Typed } from './check.ts';
import type { BooleanColumn, Column, ColumnType, NumericType } from './columns.ts';
import type { FunctionName, OperatorName } from './operations.ts';
import { isFunctionName } from './operations.ts';
import * as text from './text.ts';
import {
  type Kernel,
  numbersOf,
  ofNumber,
  ofNumbers,
  ofText,
  pick,
  textOfText,
  textOfTextAndNumber,
  textOfTexts,
  textsOf,
  toNumbers,
  toTexts,
  toTruths,
  truthOfTexts,
  truthsOf,
} from './vectors.ts';

/** A checked application: what a kernel is chosen by. */
type Applied = Extract<Typed, { args: readonly Typed[] }>;

const numericType = (type: ColumnType): NumericType => {
  if (type === 'string' || type === 'boolean') throw new TypeError(`${type} is not a numeric type`);
  return type;
};

/** The date part a checked call names in its first argument. */
function partOf({ args }: Applied): DatePart {
  const [part] = args;
  const named = part?.op === 'literal' ? DATE_PARTS.find((known) => known === part.value) : undefined;
  if (named === undefined) throw new TypeError('the part of a date is not a constant');
  return named;
}

const ofInstant = (f: (us: number) => number): Kernel => ofNumber('integer', f);

/** Rows come in the order of time more often than not, so the last day's answer often serves again. */
function ofDay(f: (days: number) => number): Kernel {
  let lastDays = Number.NaN;
  let answer = 0;
  return ofInstant((us) => {
    const days = dayOfInstant(us);
    if (days !== lastDays) {
      lastDays = days;
      answer = f(days);
    }
    return answer;
  });
}

// Powers of ten as the nearest doubles; Math.pow may be one bit off.
const powerOfTen = (exponent: number): number => Number(`1e${exponent}`);

/** DuckDB's round(x, n): scale, round half away from zero, scale back; x itself where scaling overflows. */
function roundTo(value: number, digits: number): number {
  if (digits < 0) {
    const scale = powerOfTen(-digits);
    return Number.isFinite(scale) ? roundHalfAway(value / scale) * scale : 0;
  }
  const scale = powerOfTen(digits);
  const rounded = roundHalfAway(value * scale) / scale;
  return Number.isFinite(rounded) ? rounded : value;
}

const real = (f: (a: number) => number): Kernel => ofNumber('number', f);

/** Of the type that was checked: integers stay integers. */
const same = (f: (a: number) => number) => (node: Applied) => ofNumber(numericType(node.type), f);

const always = (kernel: Kernel) => (): Kernel => kernel;

/** A day that does not exist is no date. */
function makeDate(year: number, month: number, day: number): number {
  const exists = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(year, month);
  return exists ? daysFromCivil(year, month, day) : Number.NaN;
}

function lastDay(us: number): number {
  const { year, month } = civilFromDays(dayOfInstant(us));
  return daysFromCivil(year, month, daysOfMonth(year, month));
}

const trimming = (bare: (a: string) => string, of: (a: string, set: string) => string) => (node: Applied) =>
  node.args.length === 1 ? textOfText(bare) : textOfTexts(of);

const FUNCTION_KERNELS: Readonly<Record<FunctionName, (node: Applied) => Kernel>> = {
  abs: same(Math.abs),
  ceil: same(Math.ceil),
  floor: same(Math.floor),
  trunc: same(Math.trunc),
  round: (node) => {
    if (node.args.length === 1) return same(roundHalfAway)(node);
    if (node.type !== 'integer') return ofNumbers('number', roundTo);
    return ofNumbers('integer', (value, digits) => (digits < 0 ? roundTo(value, digits) : value));
  },
  sign: always(ofNumber('integer', Math.sign)),
  sqrt: always(real(Math.sqrt)),
  cbrt: always(real(Math.cbrt)),
  exp: always(real(Math.exp)),
  ln: always(real(Math.log)),
  log2: always(real(Math.log2)),
  log10: always(real(Math.log10)),
  log: always(ofNumbers('number', (base, a) => Math.log(a) / Math.log(base))),
  pow: always(ofNumbers('number', (a, b) => (a === 1 ? 1 : a ** b))),
  sin: always(real(Math.sin)),
  cos: always(real(Math.cos)),
  tan: always(real(Math.tan)),
  asin: always(real(Math.asin)),
  acos: always(real(Math.acos)),
  atan: always(real(Math.atan)),
  atan2: always(ofNumbers('number', Math.atan2)),
  radians: always(real((a) => a * (Math.PI / 180))),
  degrees: always(real((a) => a * (180 / Math.PI))),
  pi: always(toNumbers('number', () => () => Math.PI)),
  lower: always(textOfText(text.lower)),
  upper: always(textOfText(text.upper)),
  trim: trimming(
    (a) => text.trimEnd(text.trimStart(a)),
    (a, set) => text.trimEndOf(text.trimStartOf(a, set), set),
  ),
  ltrim: trimming(text.trimStart, text.trimStartOf),
  rtrim: trimming(text.trimEnd, text.trimEndOf),
  length: always(ofText('integer', text.lengthOf)),
  substr: (node) =>
    node.args.length === 2
      ? textOfTextAndNumber((a, start) => text.substring(a, start, Number.MAX_SAFE_INTEGER))
      : toTexts((args) => {
          const [a, start, count] = [textsOf(args, 0), numbersOf(args, 1), numbersOf(args, 2)];
          return (i) => text.substring(a[i] ?? '', start[i] ?? 0, count[i] ?? 0);
        }),
  left: always(textOfTextAndNumber(text.left)),
  right: always(textOfTextAndNumber(text.right)),
  replace: always(
    toTexts((args) => {
      const [a, from, to] = [textsOf(args, 0), textsOf(args, 1), textsOf(args, 2)];
      return (i) => text.replaceAll(a[i] ?? '', from[i] ?? '', to[i] ?? '');
    }),
  ),
  split_part: always(
    toTexts((args) => {
      const [a, separator, n] = [textsOf(args, 0), textsOf(args, 1), numbersOf(args, 2)];
      return (i) => text.splitPart(a[i] ?? '', separator[i] ?? '', n[i] ?? 0);
    }),
  ),
  strpos: always(
    toNumbers('integer', (args) => {
      const [a, part] = [textsOf(args, 0), textsOf(args, 1)];
      return (i) => text.positionOf(a[i] ?? '', part[i] ?? '');
    }),
  ),
  contains: always(truthOfTexts((a, part) => a.includes(part))),
  starts_with: always(truthOfTexts((a, part) => a.startsWith(part))),
  ends_with: always(truthOfTexts((a, part) => a.endsWith(part))),
  year: always(ofDay((days) => civilFromDays(days).year)),
  quarter: always(ofDay((days) => Math.ceil(civilFromDays(days).month / 3))),
  month: always(ofDay((days) => civilFromDays(days).month)),
  week: always(ofDay(isoWeek)),
  day: always(ofDay((days) => civilFromDays(days).day)),
  dayofweek: always(ofDay(dayOfWeek)),
  isodow: always(ofDay(isoDayOfWeek)),
  dayofyear: always(ofDay(dayOfYear)),
  hour: always(ofInstant(hourOf)),
  minute: always(ofInstant(minuteOf)),
  second: always(ofInstant(secondOf)),
  epoch: always(real((us) => us / 1_000_000)),
  date_trunc: (node) => {
    const truncate = truncateTo(partOf(node));
    return toNumbers('timestamp', (args) => {
      const us = numbersOf(args, 1);
      return (i) => truncate(us[i] ?? 0);
    });
  },
  date_diff: (node) => {
    const borders = bordersBetween(partOf(node));
    return toNumbers('integer', (args) => {
      const [from, to] = [numbersOf(args, 1), numbersOf(args, 2)];
      return (i) => borders(from[i] ?? 0, to[i] ?? 0);
    });
  },
  last_day: always(ofNumber('date', lastDay)),
  make_date: always(
    toNumbers('date', (args) => {
      const [year, month, day] = [numbersOf(args, 0), numbersOf(args, 1), numbersOf(args, 2)];
      return (i) => makeDate(year[i] ?? 0, month[i] ?? 0, day[i] ?? 0);
    }),
  ),
};

/** Exact: the remainder is, and so are the difference and its quotient. */
const integerQuotient = (a: number, b: number): number => (b === 0 ? Number.NaN : (a - (a % b)) / b);

const arithmetic = (f: (a: number, b: number) => number) => (node: Applied) => ofNumbers(numericType(node.type), f);

type Order = (order: number) => boolean;

/** Compares columns of one kind row by row: negative, zero or positive. */
function comparer(args: readonly Column[], left: number, right: number): (row: number) => number {
  const kind = args[left]?.type;
  if (kind === 'string') {
    const [a, b] = [textsOf(args, left), textsOf(args, right)];
    return (i) => text.compareText(a[i] ?? '', b[i] ?? '');
  }
  const [a, b] =
    kind === 'boolean'
      ? [truthsOf(args, left), truthsOf(args, right)]
      : [numbersOf(args, left), numbersOf(args, right)];
  return (i) => {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    return x < y ? -1 : x > y ? 1 : 0;
  };
}

const comparison = (holds: Order, ofNumbersHolds: (a: number, b: number) => boolean) => (): Kernel => {
  const general = toTruths((args) => {
    const compare = comparer(args, 0, 1);
    return (i) => holds(compare(i));
  });
  // Numbers are by far the most frequent, and need no order in three values.
  const numbers = toTruths((args) => {
    const [a, b] = [numbersOf(args, 0), numbersOf(args, 1)];
    return (i) => ofNumbersHolds(a[i] ?? 0, b[i] ?? 0);
  });
  return (args, rows) => {
    const kind = args[0]?.type;
    return kind === 'string' || kind === 'boolean' ? general(args, rows) : numbers(args, rows);
  };
};

const UNKNOWN = 2;

/** SQL's truth values of a row: 0, 1, or 2 for NULL. */
const truthAt = (column: Column, row: number): number =>
  column.nulls?.[row] === 1 ? UNKNOWN : Number(column.values[row] ?? 0);

function ofTruths(rows: number, f: (row: number) => number): BooleanColumn {
  const values = new Uint8Array(rows);
  let nulls: Uint8Array | undefined;
  for (let i = 0; i < rows; i++) {
    const truth = f(i);
    if (truth === UNKNOWN) {
      nulls ??= new Uint8Array(rows);
      nulls[i] = 1;
    } else {
      values[i] = truth;
    }
  }
  return { type: 'boolean', values, nulls };
}

/** AND and OR in three values: the deciding value wins over NULL, NULL over the other. */
const junction = (deciding: number) => (): Kernel => (args, rows) =>
  ofTruths(rows, (i) => {
    let result = 1 - deciding;
    for (const arg of args) {
      const truth = truthAt(arg, i);
      if (truth === deciding) return deciding;
      if (truth === UNKNOWN) result = UNKNOWN;
    }
    return result;
  });

/** `a BETWEEN b AND c` is `a >= b AND a <= c`, so false may win over NULL. */
const between: Kernel = (args, rows) => {
  const [value, low, high] = args;
  const [fromBelow, fromAbove] = [comparer(args, 0, 1), comparer(args, 0, 2)];
  return ofTruths(rows, (i) => {
    if (value?.nulls?.[i] === 1) return UNKNOWN;
    const above = low?.nulls?.[i] === 1 ? UNKNOWN : Number(fromBelow(i) >= 0);
    const below = high?.nulls?.[i] === 1 ? UNKNOWN : Number(fromAbove(i) <= 0);
    if (above === 0 || below === 0) return 0;
    return above === UNKNOWN || below === UNKNOWN ? UNKNOWN : 1;
  });
};

/** `a IN (…)`: true if equal to one, else NULL if any is NULL, else false. */
function membership(node: Applied): Kernel {
  const [, ...listed] = node.args;
  const constants = listed.map((arg) => (arg.op === 'literal' ? arg.value : undefined));
  if (constants.every((value) => value !== undefined)) {
    const wanted = new Set<unknown>(constants.map((value) => (typeof value === 'boolean' ? Number(value) : value)));
    const otherwise = wanted.has(null) ? UNKNOWN : 0;
    return (args, rows) => {
      const [column] = args;
      if (column === undefined) throw new TypeError('IN without a value');
      const { values, nulls } = column;
      return ofTruths(rows, (i) => (nulls?.[i] === 1 ? UNKNOWN : wanted.has(values[i]) ? 1 : otherwise));
    };
  }
  return (args, rows) => {
    const compare = args.map((_, k) => comparer(args, 0, k));
    return ofTruths(rows, (i) => {
      if (args[0]?.nulls?.[i] === 1) return UNKNOWN;
      let result = 0;
      for (let k = 1; k < args.length; k++) {
        if (args[k]?.nulls?.[i] === 1) result = UNKNOWN;
        else if (compare[k]?.(i) === 0) return 1;
      }
      return result;
    });
  };
}

/** The first value whose condition is true, else the last. */
const caseKernel =
  (node: Applied): Kernel =>
  (args, rows) =>
    pick(node.type, args, rows, (i) => {
      for (let k = 0; k + 1 < args.length; k += 2) {
        const condition = args[k];
        if (condition !== undefined && truthAt(condition, i) === 1) return k + 1;
      }
      return args.length - 1;
    });

/** The first value that is not null. */
const coalesce =
  (node: Applied): Kernel =>
  (args, rows) =>
    pick(node.type, args, rows, (i) => args.findIndex(({ nulls }) => nulls?.[i] !== 1));

/** The largest (or smallest) of the values that are not null. */
const extreme =
  (sign: number) =>
  (node: Applied): Kernel =>
  (args, rows) => {
    const compare = args.map((_, left) => args.map((__, right) => comparer(args, left, right)));
    return pick(node.type, args, rows, (i) => {
      let best = -1;
      for (let k = 0; k < args.length; k++) {
        if (args[k]?.nulls?.[i] === 1) continue;
        if (best < 0 || (compare[k]?.[best]?.(i) ?? 0) * sign > 0) best = k;
      }
      return best;
    });
  };

const nullif =
  (node: Applied): Kernel =>
  (args, rows) => {
    const compare = comparer(args, 0, 1);
    return pick(node.type, args, rows, (i) => {
      const known = args[0]?.nulls?.[i] !== 1 && args[1]?.nulls?.[i] !== 1;
      return known && compare(i) === 0 ? -1 : 0;
    });
  };

/** `concat` leaves nulls out, where `||` is null with any. */
const concat: Kernel = (args, rows) => {
  const parts = args.map((_, k) => textsOf(args, k));
  const values = Array.from({ length: rows }, (_, i) =>
    parts.reduce((joined, part, k) => (args[k]?.nulls?.[i] === 1 ? joined : joined + (part[i] ?? '')), ''),
  );
  return { type: 'string', values };
};

/** Null only without a separator; null parts are left out, separator and all. */
const concatWithSeparator: Kernel = (args, rows) => {
  const parts = args.map((_, k) => textsOf(args, k));
  const values = Array.from({ length: rows }, (_, i) =>
    parts
      .slice(1)
      .flatMap((part, k) => (args[k + 1]?.nulls?.[i] === 1 ? [] : [part[i] ?? '']))
      .join(parts[0]?.[i] ?? ''),
  );
  const nulls = args[0]?.nulls;
  if (nulls !== undefined) for (let i = 0; i < rows; i++) if (nulls[i] === 1) values[i] = '';
  return { type: 'string', values, nulls };
};

const is = (wanted: number) => (): Kernel => (args, rows) => {
  const [column] = args;
  return ofTruths(rows, (i) => Number(column !== undefined && truthAt(column, i) === wanted));
};

const OPERATOR_KERNELS: Readonly<Record<OperatorName, (node: Applied) => Kernel>> = {
  '+': arithmetic((a, b) => a + b),
  '-': arithmetic((a, b) => a - b),
  '*': arithmetic((a, b) => a * b),
  '/': arithmetic((a, b) => a / b),
  '//': arithmetic(integerQuotient),
  '%': arithmetic((a, b) => a % b),
  negate: same((a) => -a),
  '||': always(textOfTexts((a, b) => a + b)),
  concat: always(concat),
  concat_ws: always(concatWithSeparator),
  '=': comparison(
    (order) => order === 0,
    (a, b) => a === b,
  ),
  '<>': comparison(
    (order) => order !== 0,
    (a, b) => a !== b,
  ),
  '<': comparison(
    (order) => order < 0,
    (a, b) => a < b,
  ),
  '<=': comparison(
    (order) => order <= 0,
    (a, b) => a <= b,
  ),
  '>': comparison(
    (order) => order > 0,
    (a, b) => a > b,
  ),
  '>=': comparison(
    (order) => order >= 0,
    (a, b) => a >= b,
  ),
  between: always(between),
  in: membership,
  like: always(truthOfTexts(text.like)),
  ilike: always(truthOfTexts(text.ilike)),
  and: junction(0),
  or: junction(1),
  not: always((args, rows) => {
    const [column] = args;
    return ofTruths(rows, (i) => {
      const truth = column === undefined ? UNKNOWN : truthAt(column, i);
      return truth === UNKNOWN ? UNKNOWN : 1 - truth;
    });
  }),
  is_null: always((args, rows) => {
    const nulls = args[0]?.nulls;
    return { type: 'boolean', values: nulls === undefined ? new Uint8Array(rows) : nulls.slice() };
  }),
  is_true: is(1),
  is_false: is(0),
  case: caseKernel,
  coalesce,
  nullif,
  greatest: extreme(1),
  least: extreme(-1),
};

/** The conversions the checker lets through, by the types they go from and to. */
function castKernel(from: ColumnType, to: ColumnType): Kernel {
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

/** What computes a checked application. */
export function kernelOf(node: Applied): Kernel {
  if (node.op === 'cast') {
    const [operand] = node.args;
    if (operand === undefined) throw new TypeError('a cast without an operand');
    return castKernel(operand.type, node.type);
  }
  return isFunctionName(node.op) ? FUNCTION_KERNELS[node.op](node) : OPERATOR_KERNELS[node.op](node);
}
