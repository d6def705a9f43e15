/** What `millrace init` and `try` make of columns, without a file. */
import { describe, expect, it } from 'vitest';

import { type DraftInput, draftFrom } from '../../../cli/offline/draft.ts';
import { DraftError } from '../../../cli/offline/draft-label.ts';
import { splitOf } from '../../../cli/offline/draft-split.ts';
import { draftYaml } from '../../../cli/offline/draft-yaml.ts';
import { modelNameOf } from '../../../cli/offline/make-draft.ts';
import type { SeenColumn, ValueCount } from '../../../cli/offline/seen.ts';
import { PLAIN_NOTATION } from '../../../shared/definition/column-notation.ts';
import { readDefinition } from '../../../shared/definition/read.ts';

const ROWS = 1000;

const column = (name: string, more: Partial<SeenColumn> = {}): SeenColumn => ({
  name,
  type: 'number',
  nulls: 0,
  distinct: 500,
  days: [],
  unread: null,
  isDigits: false,
  ...more,
});

const daysFrom = (first: string, count: number): string[] =>
  Array.from({ length: count }, (_, day) => new Date(Date.parse(first) + day * 86_400_000).toISOString().slice(0, 10));

const draft = (
  columns: readonly SeenColumn[],
  label: string,
  labelCounts: readonly ValueCount[],
  more: Partial<DraftInput> = {},
) => draftFrom({ rows: ROWS, columns, label, labelCounts, without: [], ...more });

const HALVES: readonly ValueCount[] = [
  ['0', 600],
  ['1', 400],
];

describe('the problem of a label', () => {
  const problemOf = (label: Partial<SeenColumn>, counts: readonly ValueCount[]) =>
    draft([column('y', label), column('x')], 'y', counts).label;

  it.each([
    [
      'truth values are a yes or no',
      { type: 'boolean', distinct: 2 },
      [
        ['false', 700],
        ['true', 300],
      ],
      'binary',
      null,
    ],
    ['zeros and ones are a yes or no', { type: 'integer', distinct: 2 }, HALVES, 'binary', null],
    [
      'the text that says yes is the yes',
      { type: 'string', distinct: 2 },
      [
        ['yes', 900],
        ['no', 100],
      ],
      'binary',
      `y = 'yes'`,
    ],
    [
      'what is not the no is the yes',
      { type: 'string', distinct: 2 },
      [
        ['on time', 300],
        ['late-ish', 700],
      ],
      'binary',
      `y = 'late-ish'`,
    ],
    [
      'of two names the rarer is the yes',
      { type: 'string', distinct: 2 },
      [
        ['Oslo', 700],
        ["Land's End", 300],
      ],
      'binary',
      `y = 'Land''s End'`,
    ],
    [
      'two other numbers are compared',
      { type: 'integer', distinct: 2 },
      [
        ['1', 700],
        ['2', 300],
      ],
      'binary',
      'y = 1',
    ],
    [
      'texts that many rows share are classes',
      { type: 'string', distinct: 3 },
      [
        ['a', 400],
        ['b', 400],
        ['c', 200],
      ],
      'multiclass',
      null,
    ],
    [
      'few whole numbers are classes',
      { type: 'integer', distinct: 3 },
      [
        ['1', 400],
        ['2', 400],
        ['3', 200],
      ],
      'multiclass',
      null,
    ],
    [
      'many whole numbers are an amount',
      { type: 'integer', distinct: 80 },
      HALVES.concat([['2', 1]]),
      'regression',
      null,
    ],
    [
      'fractions are an amount',
      { type: 'number', distinct: 3 },
      [
        ['0.5', 400],
        ['1.5', 400],
        ['2.5', 200],
      ],
      'regression',
      null,
    ],
  ] as const)('is found: %s', (_, label, counts, problem, sql) => {
    expect(problemOf(label, counts)).toMatchObject({ problem, sql });
  });

  it.each([
    ['nothing_to_learn', { distinct: 1 }, [['1', 1000]]],
    ['label_is_a_time', { type: 'date' }, HALVES],
    [
      'label_not_a_class',
      { type: 'string', distinct: 900 },
      Array.from({ length: 500 }, (__, at) => [`n${at}`, 2] as const),
    ],
    [
      'label_unread',
      { type: 'string', distinct: 3, unread: 'the cells are written with a decimal comma' },
      [
        ['1,5', 400],
        ['2,5', 400],
        ['3,5', 200],
      ],
    ],
  ] as const)('is refused where nothing can be learned: %s', (code, label, counts) => {
    const make = () => problemOf(label, counts);
    expect(make).toThrow(DraftError);
    expect(make).toThrow(expect.objectContaining({ code }));
  });

  it('is the one that was asked for, if it fits', () => {
    const columns = [column('y', { type: 'integer', distinct: 3 }), column('x')];
    const counts: readonly ValueCount[] = [
      ['1', 400],
      ['2', 400],
      ['3', 200],
    ];
    expect(draft(columns, 'y', counts, { problem: 'regression' }).label.problem).toBe('regression');
    expect(() => draft(columns, 'y', counts, { problem: 'binary' })).toThrow(/3 different values/);
  });
});

describe('the roles of columns', () => {
  const label = column('y', { type: 'integer', distinct: 2 });

  it('are those of a table of events: time, rhythms of it, key, and what is no feature', () => {
    const made = draft(
      [
        label,
        column('at', { type: 'timestamp', distinct: null, days: daysFrom('2001-01-01', 60) }),
        column('born', { type: 'date', days: daysFrom('1950-01-01', 90) }),
        column('ticket_id', { type: 'integer', distinct: ROWS }),
        column('humid', { type: 'integer', distinct: 40 }),
        column('note', { type: 'string', distinct: 990 }),
        column('city', { type: 'string', distinct: 12 }),
        column('plan_code', { type: 'integer', distinct: 4 }),
        column('unit', { type: 'string', distinct: 1 }),
        column('price', { type: 'string', distinct: 12, unread: 'a decimal comma' }),
      ],
      'y',
      HALVES,
    );
    expect(made.time?.column).toBe('at');
    expect(made.key?.columns).toEqual(['ticket_id']);
    expect(made.features.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      'at_hour: number',
      'at_weekday: number',
      'born_weekday: number',
      'humid: number',
      'city: category',
      'plan_code: category',
    ]);
    expect(made.leftOut.map(({ name }) => name)).toEqual(['ticket_id', 'note', 'unit', 'price']);
  });

  it('keep the rows of one person together where there is no time', () => {
    const columns = [label, column('patientId', { type: 'integer', distinct: 200 }), column('x')];
    const withTime = [...columns, column('day', { type: 'date', days: daysFrom('2001-01-01', 100) })];
    expect(draft(columns, 'y', HALVES).entity?.column).toBe('patientId');
    expect(draft(withTime, 'y', HALVES).entity).toBeNull();
  });

  it('leave out what is asked for, and ask about who a person is', () => {
    const made = draft([label, column('x'), column('z'), column('Sex', { type: 'string', distinct: 2 })], 'y', HALVES, {
      without: ['z'],
    });
    expect(made.features.map(({ name }) => name)).toEqual(['x', 'Sex']);
    expect(made.sensitive).toEqual(['Sex']);
  });
});

describe('the split', () => {
  it.each([
    ['many rows are split as usual', 10_000, 0.5, 0.2, false],
    ['few rows are judged on a larger share', 400, 0.5, 0.33, false],
    ['a rare answer needs a larger share', 2000, 0.03, 0.33, false],
    ['too few rows are left for a person to judge', 90, 0.33, 0.3, true],
    ['so are too few of an answer', 150, 0.05, 0.3, true],
  ] as const)('leaves enough to judge on: %s', (_, rows, rarest, gate, isTooFew) => {
    const split = splitOf(rows, { problem: 'binary', rarest }, false);
    expect(split.shares).toEqual({ validation: 0.1, gate });
    expect(split.tooFew !== null).toBe(isTooFew);
  });

  it('has every row judge in folds where a gate would be too small, unless rows have a time', () => {
    const label = { problem: 'binary', rarest: 0.33 } as const;

    expect(splitOf(150, label, false)).toMatchObject({ shares: { folds: 5 }, tooFew: null });
    expect(splitOf(150, label, true)).toMatchObject({ shares: { gate: 0.3 }, tooFew: expect.any(String) });
  });

  it('says that a person will be asked where fewer than 20 rows have the rarer answer', () => {
    const of = (rarest: number) => splitOf(200, { problem: 'binary', rarest }, false);

    expect(of(0.1)).toMatchObject({ shares: { folds: 5 }, tooFew: null });
    expect(of(0.095)).toMatchObject({
      shares: { folds: 5 },
      tooFew: expect.stringMatching(/^19 rows .* 20 are asked/),
    });
  });

  it('has ten rows of the rarer answer to judge on, far more often than not', () => {
    const rarest = 0.03;
    const { shares } = splitOf(2000, { problem: 'binary', rarest }, false);
    const expected = 2000 * ('gate' in shares ? shares.gate : 0) * rarest;
    expect(expected - 2.5 * Math.sqrt(expected)).toBeGreaterThan(8);
  });
});

describe('the YAML of a draft', () => {
  const NASTY = [
    'a: b',
    'x # y',
    "it's",
    '"quoted"',
    'yes',
    '- item',
    '{a}',
    'two\nlines',
    'ünïcode',
    '1.5',
    '*star',
    '',
  ];

  it('is a definition, whatever columns are called, and comments cannot end their line', () => {
    for (const name of NASTY.filter((each) => each !== '')) {
      const made = draft(
        [
          column('y', { type: 'string', distinct: 2 }),
          column(name),
          column(`${name} too`, { type: 'string', distinct: 990 }),
          column(`${name} at`, { type: 'date', days: daysFrom('2001-01-01', 900) }),
        ],
        'y',
        [
          ['oui\nnon', 500],
          [name, 500],
        ],
      );
      const yaml = draftYaml(made, {
        file: `${name}.csv`,
        model: 'odd',
        schema: null,
        source: undefined,
        written: [
          { column: name, notation: { ...PLAIN_NOTATION, missing: [name.trim().slice(0, 40) || '?'] }, why: name },
        ],
        suggested: [{ rule: { rule: 'completeness', column: name }, evidence: name }],
        standIns: [{ column: name, code: -999, rows: 5, present: 100, least: 0, greatest: 9 }],
        giveaways: [{ column: name, evidence: name }],
        equalRows: { maxShared: 0.001, evidence: name },
      });
      const { definition } = readDefinition(yaml, 'odd.yml');
      expect(definition.data.features?.map((feature) => feature.name)).toEqual(
        made.features.map((feature) => feature.name),
      );
      expect(definition.data.time).toBe(`${name} at`);
      expect(Object.keys(definition.data.source.columns)).toEqual([name]);
      expect(definition.data.rules).toEqual([]);
    }
  });

  it('has suggested rules that hold once they are taken in', () => {
    const made = draft([column('y', { type: 'integer', distinct: 2 }), column('x')], 'y', HALVES);
    const yaml = draftYaml(made, {
      file: 'f.csv',
      model: 'm',
      schema: null,
      source: undefined,
      written: [],
      suggested: [
        { rule: { rule: 'values_not_negative', column: 'x', severity: 'warn' }, evidence: 'none of 1,000 is below 0' },
      ],
      standIns: [{ column: 'x', code: -999, rows: 50, present: 1000, least: 0, greatest: 9 }],
      giveaways: [],
      equalRows: null,
    });
    const taken = yaml.replace('# rules:', 'rules:').replaceAll(/^ {2}# {3}- /gm, '    - ');
    expect(yaml).toContain('# none of 1,000 is below 0');
    expect(yaml).toContain('  #   x: { missing: ["-999"] }  # in 50 rows (5 %), and otherwise between 0 and 9\n');
    expect(readDefinition(taken, 'm.yml').definition.data.rules).toMatchObject([
      { rule: 'values_not_negative', column: 'x' },
    ]);
  });
});

it.each([
  ['Data 2024 (final).csv.gz', 'data-2024-final'],
  ['2024-sales.parquet', 'sales'],
  ['Überflüge.jsonl', 'uberfluge'],
  ['a-very-long-name-of-a-file.csv', 'a-very-long-name-of'],
  ['123.csv', 'model'],
])('a model of %s is named %s', (file, name) => {
  expect(modelNameOf(file)).toBe(name);
});
