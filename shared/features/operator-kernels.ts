/** What operators and forms compute. */
import { type Applied, always, arithmetic, type Choice, same } from './applied.ts';
import type { Column } from './columns.ts';
import type { OperatorName } from './operations.ts';
import * as text from './text.ts';
import {
  type Kernel,
  numbersOf,
  ofTruths,
  pick,
  textOfTexts,
  textsOf,
  toTruths,
  truthAt,
  truthOfTexts,
  truthsOf,
  UNKNOWN,
} from './vectors.ts';

/** Exact: the remainder is, and so are the difference and its quotient. */
const integerQuotient = (a: number, b: number): number => (b === 0 ? Number.NaN : (a - (a % b)) / b);

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

/** Whether two values differ, a null being equal to a null and to nothing else. */
const distinct: Kernel = (args, rows) => {
  const compare = comparer(args, 0, 1);
  return ofTruths(rows, (i) => {
    const [a, b] = [args[0]?.nulls?.[i] === 1, args[1]?.nulls?.[i] === 1];
    return Number(a || b ? a !== b : compare(i) !== 0);
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

/** The kernels of operators and forms. */
export const OPERATOR_KERNELS: Readonly<Record<OperatorName, Choice>> = {
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
  is_distinct: always(distinct),
  case: caseKernel,
  coalesce,
  nullif,
  greatest: extreme(1),
  least: extreme(-1),
};
