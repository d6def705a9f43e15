import { describe, expect, it } from 'vitest';

import type { EvolvingColumn } from '../../../shared/data/rules/evolution.ts';
import { judgedFiles } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** A table of so many rows, each made from its number. */
const csv = (header: string, rows: number, row: (at: number) => string): string =>
  `${[header, ...Array.from({ length: rows }, (_, at) => row(at))].join('\n')}\n`;

/** A number that looks random and is not. */
const scattered = (at: number, below: number): number =>
  Math.floor(((((at + 1) * 2654435761) % 4294967296) / 4294967296) * below);

const judged = async (text: string, rules: readonly string[] = [], options = {}) => {
  const { accepted, checks, classes } = await judgedFiles(shop, { 'shop.csv': text }, rules, options);
  const of = (rule: string) => checks.filter((check) => check.rule === rule);
  return { accepted, checks, classes, of };
};

describe('without a rule', () => {
  it('rows that come again are told, and do not reject', async () => {
    const text = csv('id,price,visits,late', 200, (at) => (at < 190 ? `${at},${at},1,${at % 2}` : '0,0,1,0'));

    const { accepted, of } = await judged(text);

    expect(accepted).toBe(true);
    expect(of('duplicate_rows_max')).toMatchObject([{ result: 'warn', index: null, value: 10 / 200, failed: 10 }]);
  });

  it('equal features with different labels are told beside them', async () => {
    const text = csv('id,code,price,visits,late', 100, (at) => `${at},${at},${at % 10},1,${at < 50 ? 0 : 1}`);

    const { of } = await judged(text);

    expect(of('duplicate_rows_max')[0]).toMatchObject({
      result: 'pass',
      message: expect.stringContaining('; 100 of them, a share of 1, have the features of a row with another label'),
    });
  });

  it('rows with equal features and the same label are none of those', async () => {
    const label = (at: number): number => (at % 10 < 4 ? at % 2 : at < 50 ? 0 : 1);
    const text = csv('id,price,visits,late', 100, (at) => `${at},${at % 10},1,${label(at)}`);

    const { of } = await judged(text);

    expect(of('duplicate_rows_max')[0]?.message).toContain('; 60 of them, a share of 0.6, have the features');
  });

  it('labels that are made of columns are held against each other as what they are made to be', async () => {
    const text = csv(
      'id,price,delay,hour,early',
      100,
      (at) => `${at},${at % 50},${at % 50 < 10 ? at : 16},${at % 7},x`,
    );
    const label = { label: '{ name: late, sql: "delay > 15 OR early = \'y\'" }', features: '  features: [price]\n' };

    const { of } = await judged(text, [], label);

    // Of prices 0 to 9 the first row is in time, and the second 50 minutes late or more; all others are late.
    expect(of('duplicate_rows_max')[0]?.message).toContain('; 20 of them, a share of 0.2, have the features');
  });

  it('labels made of very many values are not held against each other', async () => {
    const text = csv('id,price,delay', 10_001, (at) => `${at},${at % 50},${at}`);
    const label = { label: '{ name: late, sql: delay > 15 }', features: '  features: [price]\n' };

    const [most, more] = [
      await judged(text.replace('\n1,1,1\n', '\n1,1,0\n'), [], label),
      await judged(text, [], label),
    ];

    expect(most.of('duplicate_rows_max')[0]?.message).toContain('; 3,201 of them');
    expect(more.of('duplicate_rows_max')[0]?.message).not.toContain('of them');
  });

  it('rows that differ in nothing but their number are told, and the day by which rows are split is no such number', async () => {
    const text = csv(
      'id,day,price,visits,late',
      200,
      (at) =>
        `${at},2001-01-${String((at % 28) + 1).padStart(2, '0')},${at < 190 ? at : 7.5},1,${at < 190 ? at % 2 : 0}`,
    );
    const keyed = (key: string) => ({ key, features: '  time: day\n  features: [price, visits]\n' });
    const told = async (key: string) => (await judged(text, [], keyed(key))).of('duplicate_rows_max')[0];

    const [numbered, withDay, whole] = [
      await judged(text.replaceAll(/2001-01-\d\d/g, '2001-01-01'), [], keyed('[ID, day]')),
      await told('[id, day]'),
      await told('[id, price]'),
    ];

    expect(numbered.of('duplicate_rows_max')[0]).toMatchObject({
      result: 'warn',
      value: 9 / 200,
      message: expect.stringMatching(/^9 of 200 rows are equal to an earlier one in all but id, a share above 0.01/),
    });
    expect(withDay?.failed).toBe(0);
    expect(whole?.message).toMatch(/in all but id(?:;|$)/);
  });

  it('a feature that gives the label away is told', async () => {
    const text = csv(
      'id,price,visits,late',
      400,
      (at) => `${at},${(at % 2) * 10 + scattered(at, 5)},${scattered(at, 9)},${at % 2}`,
    );

    const { accepted, of } = await judged(text);

    expect(accepted).toBe(true);
    expect(of('no_leakage')).toMatchObject([
      {
        result: 'warn',
        value: 1,
        evaluated: 400,
        message: expect.stringMatching(/^price alone .*target leak.* belongs into data\.post_event$/),
      },
    ]);
  });

  it('a category of one row each tells the label of nothing', async () => {
    const features = '  features: [plan, visits]\n';
    const unique = csv(
      'id,plan,visits,late',
      400,
      (at) => `${at},name ${at},${scattered(at, 9)},${scattered(at * 7, 2)}`,
    );
    const telling = csv(
      'id,plan,visits,late',
      400,
      (at) => `${at},${at % 2 ? 'yes' : 'no'},${scattered(at, 9)},${at % 2}`,
    );

    const honest = await judged(unique, [], { features });
    const leaking = await judged(telling, [], { features });

    expect(honest.of('no_leakage')[0]?.result).toBe('pass');
    expect(leaking.of('no_leakage')[0]).toMatchObject({ result: 'warn', value: 1 });
  });

  it('a number that explains the label is told of regression', async () => {
    const text = csv('id,price,visits,late', 400, (at) => `${at},${at},${scattered(at, 9)},${2 * at + 0.5}`);

    const { of } = await judged(text, [], { problem: 'regression' });

    expect(of('no_leakage')[0]?.message).toMatch(/^price alone explains a share of/);
    expect(of('label_balance')).toEqual([]);
  });

  it.each([
    { what: 'e-mail addresses', cell: (at: number) => `someone.${at}@example.org` },
    { what: 'US social security numbers', cell: (at: number) => `${123 + (at % 400)}-45-${1000 + at}` },
    { what: 'payment card numbers', cell: () => '4111 1111 1111 1111' },
    { what: 'IBANs', cell: () => 'GB82 WEST 1234 5698 7654 32' },
    { what: 'telephone numbers', cell: (at: number) => `+44 20 7183 ${1000 + at}` },
    { what: 'IPv4 addresses', cell: (at: number) => `10.0.0.${at % 256}` },
  ])('$what are told, by their number alone', async ({ what, cell }) => {
    const text = csv(
      'id,price,visits,late,note',
      300,
      (at) => `${at},1,${at},${at % 2},${at % 50 === 0 ? cell(at) : 'none'}`,
    );

    const { of } = await judged(text);

    expect(of('no_pii')).toEqual([
      expect.objectContaining({
        column: 'note',
        result: 'warn',
        failed: 6,
        samples: [],
        message: `of 300 values 6 look like ${what}`,
      }),
    ]);
  });

  it.each([
    { what: 'two hits are too few', cell: (at: number) => (at < 2 ? 'a@b.org' : 'none') },
    { what: 'less than one in a hundred is too few', cell: (at: number) => (at < 3 ? 'a@b.org' : 'none'), rows: 400 },
    {
      what: 'numbers of 16 digits, of which one in ten passes the sum',
      cell: (at: number) => `${4000000000000000 + at * 7919}x`.slice(0, 16),
    },
    { what: 'an address stands within a sentence', cell: () => 'write to a@b.org' },
    { what: 'a part of an address is above 255', cell: () => '10.0.300.1' },
    { what: 'wrong check digits', cell: () => 'GB83WEST12345698765432' },
    { what: 'areas that are never given out', cell: (at: number) => `${['000', '666', '900'][at % 3]}-12-3456` },
    { what: 'a group that is never given out', cell: () => '123-00-3456' },
    { what: 'a serial that is never given out', cell: () => '123-12-0000' },
  ])('nothing is told where $what', async ({ cell, rows = 300 }) => {
    const text = csv('id,price,visits,late,note', rows, (at) => `${at},1,${at},${at % 2},${cell(at)}`);

    const { of } = await judged(text, ['{ rule: column_type, column: note, type: string }']);

    expect(of('no_pii')).toEqual([]);
  });

  it.each([
    {
      what: '256 characters that are one, of a longer text',
      cell: `${'a'.repeat(50)}@${'b'.repeat(202)}.ch${'x'.repeat(50)}`,
      told: 1,
    },
    { what: 'one of 300 characters, which is cut', cell: `a@${'b'.repeat(294)}.ch`, told: 0 },
  ])('personal data is looked for in the first 256 characters: $what', async ({ cell, told }) => {
    const text = csv(
      'id,price,visits,late,note',
      300,
      (at) => `${at},1,${at},${at % 2},${at % 50 === 0 ? cell : 'none'}`,
    );

    expect((await judged(text)).of('no_pii')).toHaveLength(told);
  });

  it('a number of rows far from that of the last eight datasets is told, from the fourth on', async () => {
    const text = csv('id,price,visits,late', 100, (at) => `${at},${at},1,${at % 2}`);
    const told = async (...counts: readonly number[]) => {
      const history = counts.map((rows, at) => ({ rows, judgedAt: `2001-01-${10 + at}T00:00:00.000Z` }));
      return (await judged(text, [], { history })).of('row_count_vs_history')[0];
    };
    const eight = [190, 210, 200, 205, 195, 200, 207, 193];

    const [few, far, near, old] = [
      await told(...eight.slice(0, 3)),
      await told(...eight),
      await told(...eight.map((rows) => rows - 85)),
      await told(...Array<number>(20).fill(100), ...eight),
    ];

    expect([few, far, near, old].map((check) => check?.result)).toEqual(['pass', 'warn', 'pass', 'warn']);
    expect(far).toMatchObject({ threshold: '<= 4', severity: 'warn' });
  });

  it.each([
    { again: 2, of: 200, result: 'pass' },
    { again: 3, of: 200, result: 'warn' },
    { again: 150, of: 200, result: 'warn' },
  ])('$again of $of rows that come again are a $result', async ({ again, of: rows, result }) => {
    const text = csv(
      'id,price,visits,late',
      rows,
      (at) => `${at},${at < again ? -1 : at},1,${at < again ? 0 : at % 2}`,
    );

    // The first of them is no repetition.
    const { of } = await judged(`${text}${rows},-1,1,0\n`);

    expect(of('duplicate_rows_max')[0]).toMatchObject({ result, failed: again });
  });

  it('a leak is looked for in a hundred rows, and not in fewer', async () => {
    const text = (rows: number) => csv('id,price,visits,late', rows, (at) => `${at},${(at % 2) * 10},1,${at % 2}`);

    const [few, enough] = [await judged(text(99)), await judged(text(100))];

    expect([few, enough].map(({ of }) => of('no_leakage')[0]?.result)).toEqual(['pass', 'warn']);
  });

  it('a rule of the same name takes the place of the check', async () => {
    const text = csv('id,price,visits,late', 100, (at) => `${at},${at},1,${at % 2}`);

    const { of } = await judged(text, ['{ rule: duplicate_rows_max }', '{ rule: no_leakage, severity: warn }']);

    expect(of('duplicate_rows_max').map(({ index }) => index)).toEqual([0]);
    expect(of('no_leakage').map(({ index }) => index)).toEqual([1]);
  });
});

describe('a column that a few cells make text', () => {
  const stray = (cells: number, rows = 400) =>
    csv('id,price,visits,late,size', rows, (at) => `${at},${at},1,${at % 2},${at < cells ? 'inf' : at / 4}`);
  const features = (given: string) => ({ features: `  features: [price, ${given}]\n` });

  it.each([
    ['nobody reads', features('visits')],
    ['a feature makes a number of', features('{ name: x, sql: "size::double" }')],
    ['keeps rows on one side', { features: '  entity: size\n  features: [price]\n' }],
    ['is protected', { features: '  protected: [size]\n  features: [price]\n' }],
  ])('is told by line where it is one that %s', async (_, options) => {
    const { accepted, of } = await judged(stray(2), [], options);

    expect(accepted).toBe(true);
    expect(of('mixed_types')).toEqual([
      expect.objectContaining({
        column: 'size',
        result: 'warn',
        value: 2 / 400,
        evaluated: 400,
        failed: 2,
        samples: [{ line: 2 }, { line: 3 }],
        message: expect.stringMatching(
          /^size is read as text, for 2 of 400 values are not like the rest, which are numbers/,
        ),
      }),
    ]);
    expect(JSON.stringify(of('mixed_types'))).not.toContain('inf');
  });

  it('is told beside a rule that cannot be evaluated for it', async () => {
    const { accepted, of } = await judged(
      stray(1),
      ['{ rule: values_not_negative, column: size }'],
      features('visits'),
    );

    expect(accepted).toBe(false);
    expect(of('mixed_types')[0]?.samples).toEqual([{ line: 2 }]);
  });

  it('is one of the first 200: a table of thousands is to take no longer than another', async () => {
    const names = Array.from({ length: 201 }, (_, at) => `c${at}`);
    const text = csv(`id,price,visits,late,${names.join()}`, 20, (at) =>
      [at, at, 1, at % 2, ...names.map(() => (at === 0 ? 'x' : at))].join(),
    );

    const { of } = await judged(text);

    expect(of('mixed_types').map(({ column }) => column)).toEqual(names.slice(0, 200));
  });

  it.each([
    ['is a feature, which rejects', stray(2), features('size'), []],
    ['is a category', stray(2), features('{ name: size, kind: category }'), []],
    ['is declared text', stray(2), features('visits'), ['{ rule: column_type, column: SIZE, type: string }']],
    ['has many others', stray(21), features('visits'), []],
    ['has few values', stray(1, 19), features('visits'), []],
    [
      'was text before',
      stray(2),
      {
        ...features('visits'),
        before: {
          rows: 400,
          columns: [{ name: 'size', type: 'string' as const, nulls: 0, distinct: null, top: [] }],
          classes: null,
        },
      },
      [],
    ],
  ])('is not warned of where it %s', async (_, text, options, rules) => {
    expect((await judged(text, rules, options)).of('mixed_types')).toEqual([]);
  });
});

describe('the classes of the label', () => {
  const rows = (late: number, all = 1000) =>
    csv('id,price,visits,late', all, (at) => `${at},${at},1,${at < late ? 1 : 0}`);
  const before = (late: number) => ({
    before: {
      rows: 1000,
      columns: [],
      classes: [
        ['0', 1000 - late],
        ['1', late],
      ],
    },
  });

  it.each([
    { now: 30, all: 100, past: 200, result: 'pass' },
    { now: 40, all: 100, past: 200, result: 'warn' },
    { now: 200, past: 200, result: 'pass' },
    { now: 240, past: 200, result: 'pass' },
    { now: 260, past: 200, result: 'warn' },
    { now: 10, past: 50, result: 'pass' },
    { now: 0, past: 20, result: 'warn' },
  ])('$now of $all after $past of 1000 come to $result', async ({ now, all = 1000, past, result }) => {
    const { of } = await judged(rows(now, all), [], before(past));

    expect(of('label_balance')[0]?.result).toBe(result);
  });

  it('that were not there before are told, and named where they are of more than a few rows', async () => {
    const classes = (name: string, few: number) =>
      csv('id,price,visits,late', 60, (at) => `${at},${at},1,${at < few ? name : ['a', 'b'][at % 2]}`);
    const past = {
      problem: 'multiclass',
      before: {
        rows: 60,
        columns: [],
        classes: [
          ['a', 30],
          ['b', 30],
        ] as const,
      },
    };

    const named = await judged(classes('stolen', 6), [], past);
    const few = await judged(classes('stolen', 4), [], past);

    expect(named.of('label_balance')[0]).toMatchObject({ result: 'warn', message: expect.stringContaining('stolen') });
    expect(few.of('label_balance')[0]).toMatchObject({
      result: 'warn',
      message: expect.stringContaining('a class of few rows'),
    });
    expect(few.of('label_balance')[0]?.message).not.toContain('stolen');
  });

  it.each([
    { what: 'other words for all of them', now: ['A', 'B'], was: ['a', 'b'], rejected: true },
    { what: 'another word for one of them', now: ['a', 'B'], was: ['a', 'b'], rejected: false },
    { what: 'other words where there was one alone', now: ['A', 'B'], was: ['a'], rejected: false },
  ])('may not be $what', async ({ now, was, rejected }) => {
    const text = csv('id,price,visits,late', 60, (at) => `${at},${at},1,${now[at % 2]}`);
    const before = { rows: 60, columns: [], classes: was.map((name) => [name, 60 / was.length] as const) };

    const { accepted, of } = await judged(text, [], { problem: 'multiclass', before });

    expect(accepted).toBe(!rejected);
    expect(of('label_recoded').map(({ result, failed }) => [result, failed])).toEqual(rejected ? [['fail', 60]] : []);
  });

  it('are counted for the next dataset', async () => {
    expect((await judged(rows(300))).classes).toEqual([
      ['0', 700],
      ['1', 300],
    ]);
  });
});

describe('the columns', () => {
  const column = (name: string, rest: Partial<EvolvingColumn> = {}): EvolvingColumn => ({
    name,
    type: 'integer',
    nulls: 0,
    distinct: 9,
    top: [],
    ...rest,
  });
  const base = [column('id'), column('price'), column('visits'), column('late')];
  const evolved = async (
    columns: readonly EvolvingColumn[],
    header: string,
    row: (at: number) => string,
    features?: string,
  ) => {
    const before = { rows: 100, columns, classes: null };
    const { accepted, checks } = await judged(csv(header, 100, row), [], {
      before,
      ...(features === undefined ? {} : { features }),
    });
    const told = checks.filter(({ rule }) => rule.startsWith('column_') || rule === 'new_categories');
    return { accepted, told: told.map((check) => [check.rule, check.column, check.result]), checks };
  };
  const plain = (at: number): string => `${at},${at},1,${at % 2}`;

  it('may change places, and whole numbers may become others', async () => {
    const { accepted, told } = await evolved(
      [...base].reverse(),
      'id,price,visits,late',
      (at) => `${at},${at}.5,1,${at % 2}`,
    );

    expect([accepted, told]).toEqual([true, []]);
  });

  it('may become timestamps that were dates, and anything that held nothing', async () => {
    const columns = [...base, column('day', { type: 'date' }), column('note', { type: 'date', nulls: 100 })];

    const { accepted, told } = await evolved(
      columns,
      'id,price,visits,late,day,note',
      (at) => `${plain(at)},2001-01-01 10:00:${10 + (at % 50)},text`,
      '  features: [price, visits, { name: hour, sql: hour(day) }, { name: note, kind: category }]\n',
    );

    expect([accepted, told]).toEqual([true, []]);
  });

  it('may be more, which is told', async () => {
    expect(await evolved(base, 'id,price,visits,late,colour', (at) => `${plain(at)},red`)).toMatchObject({
      accepted: true,
      told: [['column_added', 'colour', 'warn']],
    });
  });

  it('may not be fewer where the model reads them all, and what it may be called now is told', async () => {
    const columns = [...base, column('colour', { type: 'string' })];

    const all = await evolved(columns, 'id,price,visits,late,color', (at) => `${plain(at)},red`, '');
    const some = await evolved(columns, 'id,price,visits,late,color', (at) => `${plain(at)},red`);

    expect(all).toMatchObject({ accepted: false });
    expect(all.told).toContainEqual(['column_removed', 'colour', 'fail']);
    expect(all.checks.find(({ rule }) => rule === 'column_removed')?.message).toMatch(/perhaps it is now named color$/);
    expect(some).toMatchObject({ accepted: true });
    expect(some.told).toContainEqual(['column_removed', 'colour', 'warn']);
  });

  it('may not become text where the model reads them', async () => {
    const columns = [...base, column('size')];
    const row = (at: number): string => `${plain(at)},size ${at}`;

    expect(await evolved(columns, 'id,price,visits,late,size', row, '')).toMatchObject({
      accepted: false,
      told: [['column_type_changed', 'size', 'fail']],
    });
    expect(await evolved(columns, 'id,price,visits,late,size', row)).toMatchObject({
      accepted: true,
      told: [['column_type_changed', 'size', 'warn']],
    });
  });

  it('may not go, nor become text, where a rule reads them', async () => {
    const columns = [...base, column('size'), column('colour', { type: 'string' })];
    const rules = ['{ rule: completeness, column: size }', '{ rule: primary_key, columns: [id, colour] }'];
    const before = { rows: 100, columns, classes: null };

    const { accepted, checks } = await judged(
      csv('id,price,visits,late,size', 100, (at) => `${plain(at)},size ${at}`),
      rules,
      {
        before,
      },
    );

    expect(accepted).toBe(false);
    expect(checks.filter(({ rule }) => rule.startsWith('column_')).map(({ rule, result }) => [rule, result])).toEqual([
      ['column_removed', 'fail'],
      ['column_type_changed', 'fail'],
    ]);
  });

  it('may hold nothing for once', async () => {
    const columns = [...base, column('size')];

    expect(await evolved(columns, 'id,price,visits,late,size', (at) => `${plain(at)},`)).toMatchObject({
      accepted: true,
      told: [],
    });
  });

  it('that are written in another unit are told, of those that the model reads', async () => {
    const text = (factor: number) =>
      csv(
        'id,price,visits,late',
        300,
        (at) => `${at},${(1 + scattered(at, 900)) * factor},${scattered(at * 7, 9)},${at % 2}`,
      );
    const { profile } = await shop.read({ 'shop.csv': text(1) });
    const told = async (factor: number, features: string) =>
      (await judged(text(factor), [], { before: { ...profile, classes: null }, features })).of('column_rescaled');

    expect(await told(60, '  features: [price]\n')).toMatchObject([
      { column: 'price', result: 'warn', value: 60, message: expect.stringContaining('about 60 times') },
    ]);
    expect(await told(1.609344, '  features: [price]\n')).toMatchObject([
      { message: expect.stringContaining('between miles and kilometres') },
    ]);
    expect(await told(1.4, '  features: [price]\n')).toEqual([]);
    expect(await told(60, '  features: [visits]\n')).toEqual([]);
  });

  it('may have new categories, which are told above one in a hundred', async () => {
    const known = column('plan', {
      type: 'string',
      distinct: 2,
      top: [
        ['free', 60],
        ['pro', 40],
      ],
    });
    const row = (at: number): string => `${plain(at)},${at < 90 ? 'free' : 'team'}`;

    const { accepted, checks } = await evolved([...base, known], 'id,price,visits,late,plan', row);

    expect(accepted).toBe(true);
    expect(checks.find(({ rule }) => rule === 'new_categories')).toMatchObject({
      result: 'warn',
      value: 0.1,
      column: 'plan',
    });
  });
});
