/**
 * The whole judgement of scored rows in memory: candidate and champion with an interval for each figure, the paired
 * test, twenty slices, a hundred days of rows that move together. As a program, tells its parent what it took.
 */
import { policyOf } from '../shared/definition/policy.ts';
import { modelDefinitionSchema } from '../shared/definition/schema.ts';
import { evaluateGate } from '../shared/evaluation/evaluate-gate.ts';
import type { Evaluation } from '../shared/evaluation/evaluation.ts';
import { randomStream } from '../shared/evaluation/random.ts';
import { type ScoredRows, scoredRows } from './scored-rows.ts';

const SLICES = 20;
const DAYS = 100;
/** How far the champion's scores are from the candidate's. */
const SPREAD = 0.05;

/** Judges the rows with a champion that knows a little less, and says how long it took. */
export function timeJudgement({ labels, scores }: ScoredRows): {
  readonly seconds: number;
  readonly evaluation: Evaluation;
} {
  const rows = labels.length;
  const { uniform } = randomStream(2);
  const champion = scores.map((score) => Math.fround(Math.min(1, Math.max(0, score + SPREAD * (uniform() - 0.5)))));
  const days = new Uint32Array(rows);
  const codes = new Int32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    days[row] = Math.floor((row * DAYS) / rows);
    codes[row] = Math.floor(uniform() * SLICES);
  }
  const definition = modelDefinitionSchema.parse({
    problem: 'binary',
    data: { label: 'label', time: 'day' },
    evaluation: { slices: ['slice'] },
  });
  const read = (values: Float64Array) => ({
    outcome: 'read' as const,
    scores: { rows, columns: [{ name: 'score', values }] },
  });
  const values = Array.from({ length: SLICES }, (_, at) => String.fromCharCode(97 + at));
  const started = performance.now();
  const { evaluation } = evaluateGate({
    model: 'bench',
    run: 'candidate',
    problem: 'binary',
    rows: {
      parts: [rows],
      labels,
      classes: null,
      weights: null,
      cluster: {
        by: 'day',
        clusters: { ids: days, count: DAYS, inTime: Uint32Array.from({ length: DAYS }, (_, day) => day) },
      },
      slices: [{ column: 'slice', values, codes }],
      protected: [],
    },
    policy: policyOf(definition),
    candidate: read(scores),
    champion: { run: 'champion', scores: read(champion) },
    anchor: null,
    evaluatedAt: new Date(0),
  });
  return { seconds: (performance.now() - started) / 1000, evaluation };
}

if (process.send !== undefined && import.meta.main) {
  const { seconds, evaluation } = timeJudgement(scoredRows(Number(process.argv[2])));
  const { champion, slices, cluster, againstChampion } = evaluation;
  process.send({
    seconds,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    what: `champion ${champion?.outcome}, ${slices.length} slices, ${cluster?.clusters} days, ${againstChampion?.test}, every interval`,
  });
}
