import { describe, expect, it } from 'vitest';

import { judgedModels } from '../../../functions/evaluate-model/judged-models.ts';
import { runPlanSchema } from '../../../shared/ledger/facts.ts';
import { keys, type Scoring, scoringOf, splitOfFold } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import type { JobOutcome } from '../../../shared/sagemaker/outcomes.ts';
import { MODEL, RUN, scoredRun } from './scored-run.ts';

const FOLDS = 2;
const MODELS = ['cand', 'champ', 'anch'] as const;

/** The lines each model wrote; of a fold those of its rows. */
const SAID: Readonly<Partial<Record<Scoring, string>>> = {
  cand: '0.91\n0.92\n0.93\n',
  f1cand: '0.1\n0.2\n',
  f2cand: '0.3\n',
  champ: '0.94\n0.95\n0.96\n',
  f1champ: '0.4\n0.5\n',
  f2champ: '0.6\n',
  f1anch: '0.7\n0.8\n',
  f2anch: '0.9\n',
};

const completed: JobOutcome = { state: 'completed' };

/** A run in two folds, of two rows and of one, all of whose transforms are over. */
const world = async () => {
  const { ledger } = await scoredRun({ champion: true, anchor: 'scored' });
  const plan = await ledger.read(runPlanSchema, keys.plan(MODEL, RUN));
  const store = memoryObjectStore();
  const part = (split: Parameters<typeof keys.splitData>[2], name: string, rows: number) => ({
    dataKey: `${keys.splitData(MODEL, RUN, split)}${name}.csv`,
    rowsKey: '',
    rows,
  });
  const ofFold = (split: 'gate' | 'gate-champion' | 'gate-anchor', fold: number) => ({
    rows: 3 - fold,
    parts: [part(splitOfFold(split, fold), 'part-00000', 3 - fold)],
  });
  const whole = (split: 'gate' | 'gate-champion') => ({
    rows: 3,
    parts: [part(split, 'f1-part-00000', 2), part(split, 'f2-part-00000', 1)],
  });
  const folds = [1, 2].map((fold) => ({
    train: { rows: 0, parts: [] },
    validation: { rows: 0, parts: [] },
    gate: ofFold('gate', fold),
    gateChampion: ofFold('gate-champion', fold),
    gateAnchor: ofFold('gate-anchor', fold),
  }));
  const prepared = {
    model: MODEL,
    run: RUN,
    inputDigest: '',
    features: [],
    splits: { train: { rows: 0, parts: [] }, validation: { rows: 0, parts: [] }, gate: whole('gate') },
    gateChampion: whole('gate-champion'),
    notComparable: null,
    gateAnchor: {
      outcome: 'prepared' as const,
      split: { rows: 3, parts: folds.flatMap((fold) => fold.gateAnchor.parts) },
    },
    folds,
    dropped: {},
    trainedBefore: null,
    preparedAt: '',
  };
  const write = async (scoring: Scoring, text: string): Promise<void> => {
    const lines = text.split('\n').filter((line) => line !== '');
    const files = scoring.startsWith('f')
      ? [['part-00000', lines] as const]
      : [['f1-part-00000', lines.slice(0, 2)] as const, ['f2-part-00000', lines.slice(2)] as const];
    for (const [name, some] of files) {
      await store.put(`${keys.scores(MODEL, RUN, scoring)}data/${name}.csv.out`, `${some.join('\n')}\n`);
    }
  };
  const jobs = new Map<Scoring, JobOutcome>();
  for (const role of MODELS) {
    for (const fold of [undefined, 1, 2]) {
      const scoring = scoringOf(role, fold);
      const said = SAID[scoring];
      if (said === undefined) continue;
      jobs.set(scoring, completed);
      await write(scoring, said);
    }
  }
  return {
    jobs,
    write,
    judge: () => judgedModels({ ledger, store }, { plan, prepared, problem: 'binary', jobs }, null),
  };
};

const valuesOf = (scores: unknown): unknown =>
  Object(scores).scores?.columns?.map(({ values }: { values: Float64Array }) => [...values])[0];

describe('the models of a run in folds', () => {
  it('are judged by what the one says of each row that never saw it, in the order of the folds', async () => {
    const run = await world();

    const { candidate, champion, anchor, serving } = await run.judge();

    expect(valuesOf(candidate)).toEqual([0.1, 0.2, 0.3]);
    expect(valuesOf(Object(champion).scores)).toEqual([0.4, 0.5, 0.6]);
    expect(valuesOf(Object(anchor).scores)).toEqual([0.7, 0.8, 0.9]);
    expect(serving?.folds).toBe(FOLDS);
    expect(valuesOf(serving?.candidate)).toEqual([0.91, 0.92, 0.93]);
    expect(valuesOf(serving?.champion)).toEqual([0.94, 0.95, 0.96]);
  });

  it('are refused where the scores of one fold are not whole, by its number', async () => {
    const run = await world();
    await run.write('f1cand', '0.1\n');
    run.jobs.set('f2champ', { state: 'failed', reason: 'ClientError: gone', retry: false });

    const { candidate, champion } = await run.judge();

    expect(candidate).toMatchObject({ outcome: 'refused', fault: { message: expect.stringMatching(/^fold 1: /) } });
    expect(champion).toMatchObject({ scores: { outcome: 'refused', fault: { message: 'fold 2: ClientError: gone' } } });
  });

  it('are not compared with a champion that was trained on the rows: without its folds’ models it is refused', async () => {
    const run = await world();
    for (const scoring of ['champ', 'f1champ', 'f2champ', 'f1anch', 'f2anch'] as const) run.jobs.delete(scoring);

    const { champion, anchor, serving } = await run.judge();

    expect(champion).toMatchObject({
      scores: { outcome: 'refused', fault: { message: expect.stringMatching(/no longer/) } },
    });
    expect(anchor).toMatchObject({ scores: { outcome: 'refused' } });
    expect(serving?.champion).toMatchObject({ outcome: 'refused' });
  });
});
