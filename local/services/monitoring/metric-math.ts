/**
 * Metric math: expressions over time series. Source:
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (documented).
 */
import { ServiceError } from '../../contracts.ts';

/** A time series: values by the start of their period, epoch milliseconds. */
export type Series = ReadonlyMap<number, number>;

/** What an expression is worth: one number, one time series, or several. */
export type Value =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'series'; readonly points: Series }
  | { readonly kind: 'list'; readonly members: readonly Member[] };

/** One time series of several, with the id it came from. */
interface Member {
  readonly id: string;
  readonly points: Series;
}

/** What an expression is evaluated against. */
export interface Surroundings {
  /** The value of another query by its id; undefined when there is none. */
  value(id: string): Value | undefined;
  /** The metrics among the queries: what METRICS() gives. */
  metrics(): readonly Member[];
  /** Starts of all periods asked for, in the order of time, epoch milliseconds. */
  readonly timeline: readonly number[];
  readonly periodSeconds: number;
}

type Node =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'negative'; readonly operand: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] };

/** A parsed expression. */
export interface Expression {
  readonly text: string;
  /** Ids of other queries that it names. */
  readonly references: readonly string[];
  /** @throws ServiceError ValidationException when its parts do not fit together. */
  evaluate(surroundings: Surroundings): Value;
}

// That a bad expression is a ValidationError is documented (PutMetricAlarm); the words are *assumed*.
const refuse = (text: string, reason: string) =>
  new ServiceError('ValidationException', `Error in expression '${text}': ${reason}`);

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|(&&|\|\||[=!<>]=|[-+*/^<>(),[\]]))/y;

interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'symbol' | 'end';
  readonly text: string;
}

const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  let at = 0;
  while (text.slice(at).trim() !== '') {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw refuse(text, `unexpected character at position ${at + 1}`);
    const [, number, name, double, single, symbol] = match;
    at = pattern.lastIndex;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
    else tokens.push({ kind: 'text', text: double ?? single ?? '' });
  }
  tokens.push({ kind: 'end', text: 'the end' });
  return tokens;
};

/** Binary operators by how tightly they bind, loosest first; those of one line bind alike, from the left. */
const LEVELS: readonly (readonly string[])[] = [
  ['||', 'OR'],
  ['&&', 'AND'],
  ['==', '!=', '<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/'],
];

const parse = (text: string): Node => {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = (): Token => tokens[at] ?? { kind: 'end', text: 'the end' };
  const isSymbol = (symbol: string) => peek().kind === 'symbol' && peek().text === symbol;
  const expect = (symbol: string) => {
    if (!isSymbol(symbol)) throw refuse(text, `expected ${symbol} but found ${peek().text}`);
    at++;
  };
  const listUntil = (close: string): Node[] => {
    const items: Node[] = [];
    while (!isSymbol(close)) {
      if (items.length > 0) expect(',');
      items.push(binary(0));
    }
    expect(close);
    return items;
  };
  const primary = (): Node => {
    const token = peek();
    at++;
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.kind === 'text') return { kind: 'text', value: token.text };
    if (token.kind === 'name') {
      if (!isSymbol('(')) return { kind: 'name', name: token.text };
      at++;
      return { kind: 'call', name: token.text.toUpperCase(), args: listUntil(')') };
    }
    if (token.text === '(' && token.kind === 'symbol') {
      const inner = binary(0);
      expect(')');
      return inner;
    }
    if (token.text === '[' && token.kind === 'symbol') return { kind: 'list', items: listUntil(']') };
    throw refuse(text, `unexpected ${token.text}`);
  };
  const power = (): Node => {
    const base = primary();
    if (!isSymbol('^')) return base;
    at++;
    return { kind: 'binary', operator: '^', left: base, right: unary() };
  };
  const unary = (): Node => {
    if (isSymbol('-')) {
      at++;
      return { kind: 'negative', operand: unary() };
    }
    return power();
  };
  const binary = (level: number): Node => {
    const operators = LEVELS[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    while ((peek().kind === 'symbol' || peek().kind === 'name') && operators.includes(peek().text)) {
      const operator = peek().text;
      at++;
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
    return left;
  };
  const root = binary(0);
  if (peek().kind !== 'end') throw refuse(text, `unexpected ${peek().text}`);
  return root;
};

const truth = (value: boolean) => (value ? 1 : 0);

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<': (a, b) => truth(a < b),
  '>': (a, b) => truth(a > b),
  '<=': (a, b) => truth(a <= b),
  '>=': (a, b) => truth(a >= b),
  '&&': (a, b) => truth(a !== 0 && b !== 0),
  AND: (a, b) => truth(a !== 0 && b !== 0),
  '||': (a, b) => truth(a !== 0 || b !== 0),
  OR: (a, b) => truth(a !== 0 || b !== 0),
};

const scalar = (value: number): Value => ({ kind: 'scalar', value });

/** A series of results, those left out that are no numbers: a division by zero gives no data point (documented). */
const series = (points: Iterable<readonly [number, number]>): Value => ({
  kind: 'series',
  points: finite(points),
});
const finite = (points: Iterable<readonly [number, number]>): Series => {
  const kept = new Map<number, number>();
  for (const [time, value] of points) if (Number.isFinite(value)) kept.set(time, value);
  return kept;
};
const inOrder = (points: Series): [number, number][] => [...points].sort(([a], [b]) => a - b);

const mapValue = (value: Value, change: (points: Series) => Series, one: (value: number) => number): Value => {
  if (value.kind === 'scalar') return scalar(one(value.value));
  if (value.kind === 'series') return { kind: 'series', points: change(value.points) };
  return { kind: 'list', members: value.members.map(({ id, points }) => ({ id, points: change(points) })) };
};
const mapNumbers = (value: Value, change: (value: number) => number): Value =>
  mapValue(value, (points) => finite([...points].map(([time, each]) => [time, change(each)] as const)), change);

const combine = (left: Value, right: Value, apply: (a: number, b: number) => number): Value => {
  if (left.kind === 'scalar' && right.kind === 'scalar') return scalar(apply(left.value, right.value));
  if (left.kind === 'scalar') return mapNumbers(right, (each) => apply(left.value, each));
  if (right.kind === 'scalar') return mapNumbers(left, (each) => apply(each, right.value));
  const both = (a: Series, b: Series): Series =>
    finite(
      [...a].flatMap(([time, value]) => {
        const other = b.get(time);
        return other === undefined ? [] : [[time, apply(value, other)] as const];
      }),
    );
  if (left.kind === 'series' && right.kind === 'series') return series(both(left.points, right.points));
  const members = (list: readonly Member[], change: (points: Series) => Series): Value => ({
    kind: 'list',
    members: list.map(({ id, points }) => ({ id, points: change(points) })),
  });
  if (left.kind === 'list' && right.kind === 'series')
    return members(left.members, (points) => both(points, right.points));
  if (left.kind === 'series' && right.kind === 'list')
    return members(right.members, (points) => both(left.points, points));
  throw new TypeError('two arrays of time series cannot be combined');
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

/** One number of a time series; of an array of them, a series: at each time, of those that have a value then. */
const aggregate =
  (of: (values: readonly number[]) => number) =>
  (value: Value): Value => {
    if (value.kind === 'scalar') return scalar(of([value.value]));
    // *Assumed*: of a series without data there is no number, and nothing follows from it.
    if (value.kind === 'series') return scalar(value.points.size === 0 ? Number.NaN : of([...value.points.values()]));
    const times = new Set(value.members.flatMap(({ points }) => [...points.keys()]));
    return series(
      [...times]
        .sort((a, b) => a - b)
        .map((time) => {
          const values = value.members.flatMap(({ points }) => points.get(time) ?? []);
          return [time, of(values)] as const;
        }),
    );
  };

/** Something of each point and the one before it. */
const successive =
  (of: (value: number, before: number, seconds: number) => number) =>
  (value: Value): Value =>
    mapValue(
      value,
      (points) => {
        const sorted = inOrder(points);
        return finite(
          sorted.slice(1).map(([time, each], index) => {
            const [timeBefore, before] = sorted[index] ?? [time, Number.NaN];
            return [time, of(each, before, (time - timeBefore) / 1000)] as const;
          }),
        );
      },
      () => Number.NaN,
    );

const runningSum = (points: Series): Series => {
  let total = 0;
  return new Map(
    inOrder(points).map(([time, value]) => {
      total += value;
      return [time, total] as const;
    }),
  );
};

const membersOf = (value: Value): readonly Member[] => (value.kind === 'list' ? value.members : []);

type Simple = (value: Value, surroundings: Surroundings) => Value;

const FUNCTIONS: Readonly<Record<string, Simple>> = {
  ABS: (value) => mapNumbers(value, Math.abs),
  CEIL: (value) => mapNumbers(value, Math.ceil),
  FLOOR: (value) => mapNumbers(value, Math.floor),
  LOG: (value) => mapNumbers(value, Math.log),
  LOG10: (value) => mapNumbers(value, Math.log10),
  SUM: aggregate(sum),
  AVG: aggregate(mean),
  MIN: aggregate((values) => Math.min(...values)),
  MAX: aggregate((values) => Math.max(...values)),
  STDDEV: aggregate((values) => {
    const middle = mean(values);
    return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  }),
  DIFF: successive((value, before) => value - before),
  DIFF_TIME: successive((_value, _before, seconds) => seconds),
  RATE: successive((value, before, seconds) => (value - before) / seconds),
  RUNNING_SUM: (value) => mapValue(value, runningSum, (each) => each),
  DATAPOINT_COUNT: (value) =>
    value.kind === 'series' ? scalar(value.points.size) : aggregate((values) => values.length)(value),
  METRIC_COUNT: (value) => scalar(value.kind === 'series' ? 1 : membersOf(value).length),
  PERIOD: (_value, { periodSeconds }) => scalar(periodSeconds),
  TIME_SERIES: (value, { timeline }) =>
    value.kind === 'scalar' ? series(timeline.map((time) => [time, value.value] as const)) : value,
  FIRST: (value) => ({ kind: 'series', points: membersOf(value).at(0)?.points ?? new Map() }),
  LAST: (value) => ({ kind: 'series', points: membersOf(value).at(-1)?.points ?? new Map() }),
  REMOVE_EMPTY: (value) => ({ kind: 'list', members: membersOf(value).filter(({ points }) => points.size > 0) }),
};

/**
 * Fills what is missing: with a number, a series, the value before (REPEAT) or a line between neighbours (LINEAR)
 * (documented). That a number fills a series without any data too is *assumed*.
 */
const filled = (points: Series, filler: Value | 'REPEAT' | 'LINEAR', timeline: readonly number[]): Series => {
  const known = inOrder(points);
  return finite(
    timeline.map((time) => {
      const own = points.get(time);
      if (own !== undefined) return [time, own] as const;
      if (typeof filler !== 'string') {
        const value =
          filler.kind === 'scalar' ? filler.value : filler.kind === 'series' ? filler.points.get(time) : undefined;
        return [time, value ?? Number.NaN] as const;
      }
      const before = known.filter(([each]) => each < time).at(-1);
      if (filler === 'REPEAT') return [time, before?.[1] ?? Number.NaN] as const;
      const after = known.find(([each]) => each > time);
      if (!before || !after) return [time, Number.NaN] as const;
      const share = (time - before[0]) / (after[0] - before[0]);
      return [time, before[1] + share * (after[1] - before[1])] as const;
    }),
  );
};

const choose = (condition: Value, yes: Value, no: Value | undefined, fail: (reason: string) => Error): Value => {
  if (condition.kind === 'list' || yes.kind === 'list' || no?.kind === 'list')
    throw fail('IF does not take arrays of time series');
  const at = (value: Value | undefined, time: number) =>
    value === undefined
      ? undefined
      : value.kind === 'scalar'
        ? value.value
        : value.kind === 'series'
          ? value.points.get(time)
          : undefined;
  if (condition.kind === 'scalar') {
    const chosen = condition.value !== 0 ? yes : no;
    if (chosen) return chosen;
    return series([]);
  }
  return series(
    [...condition.points].map(([time, holds]) => [time, at(holds !== 0 ? yes : no, time) ?? Number.NaN] as const),
  );
};

/**
 * Reads an expression.
 * @throws ServiceError ValidationException for bad syntax, NotImplemented for a function that is not known here.
 */
export const parseExpression = (text: string): Expression => {
  const root = parse(text);
  const references = new Set<string>();
  const check = (node: Node): void => {
    if (node.kind === 'name') references.add(node.name);
    if (node.kind === 'list') node.items.forEach(check);
    if (node.kind === 'negative') check(node.operand);
    if (node.kind === 'binary') [node.left, node.right].forEach(check);
    if (node.kind !== 'call') return;
    if (!['METRICS', 'FILL', 'IF'].includes(node.name) && !Object.hasOwn(FUNCTIONS, node.name))
      throw new ServiceError(
        'NotImplemented',
        `The local cloud does not implement metric math: the function ${node.name}`,
        501,
      );
    const [least, most] =
      node.name === 'METRICS' ? [0, 1] : node.name === 'FILL' ? [2, 2] : node.name === 'IF' ? [2, 3] : [1, 1];
    if (node.args.length < least || node.args.length > most)
      throw refuse(text, `the function ${node.name} takes ${least === most ? least : `${least} to ${most}`} arguments`);
    const fills =
      node.name === 'FILL' && node.args[1]?.kind === 'name' && ['REPEAT', 'LINEAR'].includes(node.args[1].name);
    (node.name === 'METRICS' ? [] : fills ? node.args.slice(0, 1) : node.args).forEach(check);
  };
  check(root);

  const evaluate = (node: Node, surroundings: Surroundings): Value => {
    const fail = (reason: string) => refuse(text, reason);
    const argument = (index: number): Value => {
      const given = node.kind === 'call' ? node.args[index] : undefined;
      if (!given) throw fail('an argument is missing');
      return evaluate(given, surroundings);
    };
    switch (node.kind) {
      case 'number':
        return scalar(node.value);
      case 'text':
        throw fail('a text stands where a number or time series is expected');
      case 'name': {
        const value = surroundings.value(node.name);
        if (!value) throw fail(`there is no metric or expression with the id ${node.name}`);
        return value;
      }
      case 'list':
        return {
          kind: 'list',
          members: node.items.flatMap((item): readonly Member[] => {
            const value = evaluate(item, surroundings);
            if (value.kind === 'scalar') throw fail('an array takes time series only');
            return value.kind === 'list'
              ? value.members
              : [{ id: item.kind === 'name' ? item.name : '', points: value.points }];
          }),
        };
      case 'negative':
        return mapNumbers(evaluate(node.operand, surroundings), (value) => -value);
      case 'binary': {
        const apply = OPERATORS[node.operator];
        const left = evaluate(node.left, surroundings);
        const right = evaluate(node.right, surroundings);
        if (!apply || (left.kind === 'list' && right.kind === 'list'))
          throw fail(`the operator ${node.operator} does not take two arrays of time series`);
        return combine(left, right, apply);
      }
      case 'call': {
        if (node.name === 'METRICS') {
          const part = node.args[0];
          if (part && part.kind !== 'text') throw fail('METRICS takes a text');
          return {
            kind: 'list',
            members: surroundings.metrics().filter(({ id }) => part === undefined || id.includes(part.value)),
          };
        }
        if (node.name === 'IF')
          return choose(argument(0), argument(1), node.args.length > 2 ? argument(2) : undefined, fail);
        if (node.name === 'FILL') {
          const how = node.args[1];
          const filler =
            how?.kind === 'name' && (how.name === 'REPEAT' || how.name === 'LINEAR') ? how.name : argument(1);
          return mapValue(
            argument(0),
            (points) => filled(points, filler, surroundings.timeline),
            (value) => value,
          );
        }
        const apply = FUNCTIONS[node.name];
        if (!apply) throw fail(`there is no function ${node.name}`);
        return apply(argument(0), surroundings);
      }
    }
  };
  return { text, references: [...references], evaluate: (surroundings) => evaluate(root, surroundings) };
};
