/** A container image whose model is the same whatever it is trained on: enough to tell rows apart, in no time. */
import type { ContainerImage, ContainerProgram } from '../../local/contracts.ts';
import { createKept } from './kept-answers.ts';

const HYPERPARAMETERS: ReadonlySet<string> = new Set([
  'csv_weights',
  'eta',
  'eval_metric',
  'max_depth',
  'num_round',
  'objective',
  'seed',
]);

/** The farther a parcel goes the later it is: a score from the first feature. */
const score = (row: string): number => {
  const first = Number(row.slice(0, row.includes(',') ? row.indexOf(',') : undefined));
  return 1 / (1 + Math.exp((450 - (Number.isNaN(first) ? 450 : first)) / 200));
};

const scores = (rows: string): string =>
  `${rows
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => score(row).toString())
    .join('\n')}\n`;

/** What rows score never changes. */
const answers = createKept<string>();

const program: ContainerProgram = {
  async train({ files, log }) {
    const settings = await files.read('opt/ml/input/config/hyperparameters.json');
    const given: Record<string, string> = JSON.parse(settings?.toString() ?? '{}');
    const unknown = Object.keys(given).find((name) => !HYPERPARAMETERS.has(name));
    if (unknown !== undefined) {
      await files.write('opt/ml/output/failure', `UserError: Extraneous hyperparameter found: ${unknown}`);
      return 1;
    }
    for (const metric of ['train', 'validation']) log(`[0]#011${metric}-auc:0.75#011${metric}-logloss:0.55`);
    await files.write('opt/ml/model/model', 'the same for everybody');
    return 0;
  },
  async serve() {
    return async (body) => {
      const rows = Buffer.from(body).toString();
      const text = answers.get(rows) ?? answers.keep(rows, scores(rows));
      return { status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' }, body: Buffer.from(text) };
    };
  },
};

/** Stands in for the built-in XGBoost. */
export const fixedModel: ContainerImage = {
  pattern: /^sagemaker-xgboost:/,
  command: [],
  program,
  metricDefinitions: ['auc', 'logloss'].map((metric) => ({
    name: `validation:${metric}`,
    regex: String.raw`.*\[[0-9]+\].*#011validation-${metric}:(\S+)`,
  })),
};
