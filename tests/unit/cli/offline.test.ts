/** `millrace gate` and `millrace evaluate` as their users run them: in a folder of files, with nothing else. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { UsageError } from '../../../cli/verb.ts';
import { evaluate } from '../../../cli/verbs/evaluate.ts';
import { gate } from '../../../cli/verbs/gate.ts';
import { literal, openEngine } from '../../../shared/data/engine.ts';
import { decisionSchema } from '../../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';

const CLI = join(import.meta.dirname, '..', '..', '..', 'cli', 'millrace.ts');

/** What `--json` prints. */
const answer = z.strictObject({
  evaluation: evaluationSchema.nullable(),
  decision: decisionSchema.omit({ decidedAt: true }).nullable(),
  problem: z
    .strictObject({ code: z.string(), file: z.string(), message: z.string(), toDo: z.string().optional() })
    .nullable(),
});

const ROWS = 3000;
const ROWS_OF_A_DAY = 100;

const TEXT = { type: 'string' } as const;

let folder: string;

interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in the folder, with no variable of AWS's in the environment. */
const millrace = (...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: folder };
    const child = execFile(process.execPath, [CLI, ...args], { cwd: folder, env }, (_, out, err) =>
      resolve({ exit: child.exitCode, out, err }),
    );
  });

async function judged(...args: readonly string[]) {
  const { exit, out, err } = await millrace(...args, '--json');
  expect(err).toBe('');
  return { exit, ...answer.parse(JSON.parse(out)) };
}

/** The same command without a process of its own, which takes most of its time: for cases by the dozen. */
async function here(...[verb, ...args]: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: args.map((arg) => (/\.(csv|yml)$/.test(arg) ? join(folder, arg) : arg)),
    allowPositionals: true,
    options: { candidate: TEXT, champion: TEXT, rows: TEXT, definition: TEXT },
  });
  const run = verb === 'gate' ? gate.run : evaluate.run;
  const place = () => Promise.reject(new Error('AWS was asked'));
  const { exit, data } = await run({
    args: positionals,
    options: values,
    switches: new Set(),
    now: new Date(0),
    place,
    progress: () => undefined,
  });
  return { exit, ...answer.parse(data) };
}

const write = (name: string, lines: readonly string[]): Promise<void> =>
  writeFile(join(folder, name), `${lines.join('\n')}\n`);

const column = (name: string, values: Iterable<number | string>): string[] => [name, ...Array.from(values, String)];

/** Rows, and how well a score that knows as much of them as it is told to tells the label. */
function population() {
  const { uniform } = randomStream(11);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const known = Float64Array.from({ length: ROWS }, normal);
  const labels = Array.from(known, (of) => (uniform() < 1 / (1 + Math.exp(-1.5 * of)) ? 1 : 0));
  const scores = (noise: number): number[] => Array.from(known, (of) => 1 / (1 + Math.exp(-(of + noise * normal()))));
  const date = (row: number): string =>
    `2001-01-${String(1 + Math.floor(row / ROWS_OF_A_DAY)).padStart(2, '0')}T${String(row % 24).padStart(2, '0')}:00:00Z`;
  return { known, labels, scores, date };
}

const { known, labels, scores, date } = population();
const good = scores(0.2);
const poor = scores(0.7);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-offline-test-'));
  const rows = labels.map((label, row) => `k${row},${label},${date(row)},${row % 3 === 0 ? 'ATL' : 'ORD'}`);
  await write('rows.csv', ['key,label,time,origin', ...rows]);
  await write('good.csv', column('score', good));
  await write('poor.csv', column('score', poor));
  await write('keyed.csv', ['key,score', ...good.map((score, row) => `k${row},${score}`)]);
  await write('late.yml', [
    'problem: binary',
    'data: { label: late, time: date }',
    'evaluation: { thresholds: { roc_auc: 0.6 }, slices: [origin] }',
  ]);
  await write('strict.yml', [
    'problem: binary',
    'data: { label: late, time: date }',
    'evaluation: { thresholds: { roc_auc: 0.95 } }',
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const FILES = ['--rows', 'rows.csv', '--definition', 'late.yml'] as const;
const codes = (of: { readonly decision: z.infer<typeof answer>['decision'] }): string[] =>
  of.decision?.reasons.map(({ code }) => code) ?? [];

describe('millrace gate', () => {
  it('promotes the better of two models with a cluster-aware test, every slice and exit 0', async () => {
    const found = await judged('gate', '--candidate', 'good.csv', '--champion', 'poor.csv', ...FILES);

    expect(codes(found)).toEqual(['threshold_met', 'better_than_trivial', 'better_than_champion', 'slices_kept']);
    expect([found.exit, found.decision?.outcome]).toEqual([0, 'promote']);
    expect(found.evaluation?.againstChampion).toMatchObject({ test: 'clustered_delong', clusters: 30 });
    expect(found.evaluation?.slices.map(({ value, rows }) => [value, rows])).toEqual([
      ['ATL', 1000],
      ['ORD', 2000],
    ]);
  });

  it('rejects the worse of two models with exit 1, in words and figures', async () => {
    const { exit, out } = await millrace('gate', '--candidate', 'poor.csv', '--champion', 'good.csv', ...FILES);

    expect(exit).toBe(1);
    expect(out).toContain('late: reject');
    expect(out).toContain('(worse_than_champion)');
    expect(out).toMatch(/^roc_auc +0\.\d+ +0\.\d+ to 0\.\d+ +0\.\d+ +0\.\d+ to 0\.\d+$/m);
    expect(out).toMatch(/^origin=ATL +1,000 /m);
  });

  it('holds a model that brings nothing new, unless a reason to change is given', async () => {
    const same = ['gate', '--candidate', 'good.csv', '--champion', 'good.csv', ...FILES];

    const without = await judged(...same);
    const drifted = await judged(...same, '--reason', 'drift');

    expect([without.exit, without.decision?.outcome]).toEqual([1, 'hold']);
    expect(codes(without)).toContain('no_reason_to_change');
    expect([drifted.exit, drifted.decision?.outcome]).toEqual([0, 'promote']);
  });

  it('lets no candidate pass that is far below the anchor, though it is as good as the champion', async () => {
    const found = await judged(
      'gate',
      ...['--candidate', 'poor.csv', '--champion', 'poor.csv', '--anchor', 'good.csv'],
      ...FILES,
      ...['--reason', 'age'],
    );

    expect([found.exit, found.decision?.outcome]).toEqual([1, 'reject']);
    expect(codes(found)).toContain('worse_than_anchor');
  });

  it('takes Parquet for CSV, and scores that name their rows', async () => {
    const engine = await openEngine({ memoryLimitMb: 256, tempDirectory: folder });
    for (const name of ['rows', 'keyed', 'poor']) {
      const from = `read_csv(${literal(join(folder, `${name}.csv`))})`;
      await engine.copyToParquet(`SELECT * FROM ${from}`, join(folder, `${name}.parquet`));
    }
    engine.close();

    const parquet = await judged(
      'gate',
      ...['--candidate', 'keyed.parquet', '--champion', 'poor.parquet'],
      ...['--rows', 'rows.parquet', '--definition', 'late.yml'],
    );
    const csv = await judged('gate', '--candidate', 'good.csv', '--champion', 'poor.csv', ...FILES);

    expect({ ...parquet.evaluation, evaluatedAt: '' }).toEqual({ ...csv.evaluation, evaluatedAt: '' });
    expect(parquet.decision).toEqual(csv.decision);
  });

  it('is unsure where all rows are of a few days, however many rows there are', async () => {
    await write('days.csv', [
      'label,time',
      ...labels.map((label, row) => `${label},2001-01-0${1 + Math.floor((row * 3) / ROWS)}`),
    ]);
    await write('plain.yml', ['problem: binary', 'data: { label: late, time: date }']);

    const found = await judged(
      'gate',
      ...['--candidate', 'good.csv', '--champion', 'poor.csv', '--rows', 'days.csv', '--definition', 'plain.yml'],
    );

    expect([found.exit, found.decision?.outcome]).toEqual([1, 'hold']);
    expect(codes(found)).toContain('inconclusive');
  });

  it('judges models of several classes, one of which was never taught a class', async () => {
    const truth = Array.from(known, (of, row) => (of < -0.5 ? 'low' : of > 0.5 || row % 7 === 0 ? 'high' : 'mid'));
    const sure = (row: number, sureness: number, names: readonly string[]): string => {
      const right = names.includes(truth[row] ?? '') ? truth[row] : names[0];
      const rest = (1 - sureness) / (names.length - 1);
      return names.map((name) => (name === right ? sureness : rest)).join(',');
    };
    await write('classes.csv', ['label,customer', ...truth.map((name, row) => `${name},${Math.floor(row / 100)}`)]);
    await write('three.csv', [
      'score.low,score.mid,score.high',
      ...truth.map((_, row) => sure(row, row % 5 ? 0.8 : 0.2, ['low', 'mid', 'high'])),
    ]);
    await write('two.csv', ['score.high,score.low', ...truth.map((_, row) => sure(row, 0.7, ['high', 'low']))]);
    await write('sizes.yml', ['problem: multiclass', 'data: { label: size, entity: customer }']);

    const found = await judged(
      'gate',
      ...['--candidate', 'three.csv', '--champion', 'two.csv', '--rows', 'classes.csv', '--definition', 'sizes.yml'],
    );

    expect(found.problem).toBeNull();
    expect(found.evaluation).toMatchObject({ problem: 'multiclass', cluster: { by: 'customer', clusters: 30 } });
    expect(found.evaluation?.candidate).toMatchObject({ outcome: 'scored' });
    expect(found.evaluation?.champion).toMatchObject({ outcome: 'scored' });
  });

  it('takes days by their number as by their times, and knows which come one after the other', async () => {
    const rows = labels.map(
      (label, row) => `${label},${100 - Math.floor(row / ROWS_OF_A_DAY)},${row % 3 === 0 ? 'ATL' : 'ORD'}`,
    );
    await write('numbered.csv', ['label,cluster,origin', ...rows]);

    const [timed, numbered] = [
      await here('gate', '--candidate', 'good.csv', '--champion', 'poor.csv', ...FILES),
      await here(
        'gate',
        '--candidate',
        'good.csv',
        '--champion',
        'poor.csv',
        '--rows',
        'numbered.csv',
        '--definition',
        'late.yml',
      ),
    ];

    expect(numbered.problem).toBeNull();
    expect(timed.evaluation?.againstChampion?.neighbours).toBeGreaterThanOrEqual(1);
    // The same days from the last to the first: other blocks may be joined where they do not come out even.
    expect(numbered.evaluation?.againstChampion).toMatchObject({
      clusters: 30,
      gain: timed.evaluation?.againstChampion?.gain,
    });
    expect(numbered.evaluation?.againstChampion?.neighbours).toBeGreaterThanOrEqual(1);
  });

  it('judges regressions by their own metric', async () => {
    await write('amounts.csv', column('label', known));
    await write(
      'near.csv',
      column(
        'score',
        known.map((of, row) => of + 0.1 * ((row % 5) - 2)),
      ),
    );
    await write(
      'far.csv',
      column(
        'score',
        known.map((of, row) => of + 0.3 * ((row % 5) - 2)),
      ),
    );
    await write('amount.yml', ['problem: regression', 'data: { label: amount }']);

    const found = await judged(
      'gate',
      ...['--candidate', 'near.csv', '--champion', 'far.csv', '--rows', 'amounts.csv', '--definition', 'amount.yml'],
    );

    expect(found.evaluation?.againstChampion?.metric).toBe('rmse');
    expect(found.evaluation?.againstChampion?.gain).toBeGreaterThan(0);
    expect(codes(found)).toContain('better_than_champion');
  });
});

describe('millrace evaluate', () => {
  it('says yes to a model that keeps its thresholds, and no to one that does not', async () => {
    const kept = await judged('evaluate', 'good.csv', ...FILES);
    const broken = await judged('evaluate', 'good.csv', '--rows', 'rows.csv', '--definition', 'strict.yml');

    expect([kept.exit, codes(kept).includes('threshold_met')]).toEqual([0, true]);
    expect([broken.exit, codes(broken).includes('threshold_not_met')]).toEqual([1, true]);
    expect(kept.evaluation?.champion).toBeNull();
  });

  it('rejects a model that gives every row the same score', async () => {
    await write(
      'ties.csv',
      column(
        'score',
        labels.map(() => 0.5),
      ),
    );

    const found = await judged('evaluate', 'ties.csv', ...FILES);

    expect([found.exit, found.decision?.outcome, codes(found)]).toEqual([1, 'reject', ['all_ties']]);
  });
});

describe('files that cannot be judged', () => {
  const spoilt = (row: number, by: string): string[] =>
    column(
      'score',
      good.map((score, at) => (at === row ? by : score)),
    );
  const cases: readonly {
    readonly what: string;
    readonly code: string;
    readonly file: string;
    readonly says: RegExp;
    readonly files: Readonly<Record<string, readonly string[]>>;
    readonly args: readonly string[];
  }[] = [
    {
      what: 'too few scores',
      code: 'missing_rows',
      file: 'bad.csv',
      says: /2,999 scores for the 3,000 rows of .*rows\.csv/,
      files: { 'bad.csv': column('score', good.slice(1)) },
      args: ['evaluate', 'bad.csv', ...FILES],
    },
    {
      what: 'too many scores, of the champion',
      code: 'extra_rows',
      file: 'bad.csv',
      says: /3,001 scores/,
      files: { 'bad.csv': column('score', [...good, 0.5]) },
      args: ['gate', '--candidate', 'good.csv', '--champion', 'bad.csv', ...FILES],
    },
    {
      what: 'a score that is NaN',
      code: 'not_a_number',
      file: 'bad.csv',
      says: /line 6/,
      files: { 'bad.csv': spoilt(4, 'NaN') },
      args: ['evaluate', 'bad.csv', ...FILES],
    },
    {
      what: 'a score that is text',
      code: 'not_a_number',
      file: 'bad.csv',
      says: /line 6, column score/,
      files: { 'bad.csv': spoilt(4, 'high') },
      args: ['evaluate', 'bad.csv', ...FILES],
    },
    {
      what: 'a score above 1',
      code: 'out_of_range',
      file: 'bad.csv',
      says: /row 5 is 1\.5/,
      files: { 'bad.csv': spoilt(4, '1.5') },
      args: ['evaluate', 'bad.csv', ...FILES],
    },
    {
      what: 'a champion whose scores are out of range',
      code: 'out_of_range',
      file: 'bad.csv',
      says: /row 5 is 1\.5/,
      files: { 'bad.csv': spoilt(4, '1.5') },
      args: ['gate', '--candidate', 'good.csv', '--champion', 'bad.csv', ...FILES],
    },
    {
      what: 'scores of the same rows in another order',
      code: 'gate_rows_differ',
      file: 'bad.csv',
      says: /line 2 has another key than line 2 of .*rows\.csv/,
      files: { 'bad.csv': ['key,score', ...good.map((score, row) => `k${row},${score}`).reverse()] },
      args: ['evaluate', 'bad.csv', ...FILES],
    },
    {
      what: 'no column of scores',
      code: 'wrong_columns',
      file: 'bad.csv',
      says: /the columns are probability/,
      files: { 'bad.csv': column('probability', good) },
      args: ['evaluate', 'bad.csv', ...FILES],
    },
    {
      what: 'rows of one class',
      code: 'one_class',
      file: 'good.csv',
      says: /every one of the 3,000 gate rows has the label 1/,
      files: { 'bad.csv': ['label,time,origin', ...labels.map((_, row) => `1,${date(row)},ATL`)] },
      args: ['evaluate', 'good.csv', '--rows', 'bad.csv', '--definition', 'late.yml'],
    },
    {
      what: 'rows without a column the definition judges by',
      code: 'column_missing',
      file: 'bad.csv',
      says: /no column for evaluation\.slices: origin/,
      files: { 'bad.csv': ['label,time', ...labels.map((label, row) => `${label},${date(row)}`)] },
      args: ['evaluate', 'good.csv', '--rows', 'bad.csv', '--definition', 'late.yml'],
    },
    {
      what: 'rows whose days cannot be told',
      code: 'column_missing',
      file: 'bad.csv',
      says: /evaluation\.cluster: day/,
      files: { 'bad.csv': ['label,origin', ...labels.map((label) => `${label},ATL`)] },
      args: ['evaluate', 'good.csv', '--rows', 'bad.csv', '--definition', 'late.yml'],
    },
    {
      what: 'clusters that are no blocks of time, where the definition says they are',
      code: 'time_missing',
      file: 'bad.csv',
      says: /column cluster holds no times, and evaluation\.cluster is the day/,
      files: { 'bad.csv': ['label,cluster,origin', ...labels.map((label, row) => `${label},c${row % 30},ATL`)] },
      args: ['evaluate', 'good.csv', '--rows', 'bad.csv', '--definition', 'late.yml'],
    },
    {
      what: 'a file that is not there',
      code: 'no_such_file',
      file: 'none.csv',
      says: /no such file/,
      files: {},
      args: ['evaluate', 'none.csv', ...FILES],
    },
    {
      what: 'a definition that contradicts itself',
      code: 'wrong_definition',
      file: 'bad.yml',
      says: /evaluation\.cluster/,
      files: { 'bad.yml': ['problem: binary', 'data: { label: late }', 'evaluation: { cluster: day }'] },
      args: ['evaluate', 'good.csv', '--rows', 'rows.csv', '--definition', 'bad.yml'],
    },
  ];

  it.each(cases)('are refused with exit 2, by file and reason: $what', async ({ code, file, says, files, args }) => {
    for (const [name, lines] of Object.entries(files)) await write(name, lines);

    const found = await here(...args);

    expect(found.exit).toBe(2);
    expect(found.problem).toMatchObject({ code, file: join(folder, file), message: expect.stringMatching(says) });
    expect(found.decision?.outcome).not.toBe('promote');
  });

  it('are told with what to do about them where nobody asks for JSON', async () => {
    const { exit, out } = await millrace('evaluate', 'none.csv', ...FILES);

    expect([exit, out]).toEqual([2, expect.stringContaining('what to do: name a CSV file')]);
  });

  it('are not even looked at where the command is given wrongly', async () => {
    const { exit, err } = await millrace('gate', '--candidate', 'good.csv', ...FILES, '--reason', 'boredom');

    expect(exit).toBe(2);
    expect(err).toContain('--reason "boredom" is none of new_data, requested, drift, quality, age');
    expect(err).toContain('usage: npx millrace gate');
  });

  it.each([
    ['gate', '--champion', 'poor.csv', ...FILES],
    ['evaluate', ...FILES],
    ['evaluate', 'good.csv', '--rows', 'rows.csv'],
  ])('have to be named: %s %s %s', async (...args) => {
    await expect(here(...args)).rejects.toThrow(UsageError);
  });
});
