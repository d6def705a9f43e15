/** What a candidate's own figures say about it: enough rows, thresholds, better than a guess. */
import { howMany } from '../report/how-many.ts';
import type { Circumstances } from './circumstances.ts';
import type { Evaluation, Scored } from './evaluation.ts';
import { apart, counted } from './figure-text.ts';
import { type Findings, findings, gainOver, metricOr, sizeText, together } from './findings.ts';
import { foldsWidening } from './folds.ts';
import type { Policy } from './policy.ts';
import type { Reason } from './reason.ts';

/** A figure of fewer gate rows says little, whatever it is. */
const LEAST_ROWS = 100;

/** So many rows of each answer have to be in the gate. With fewer a ranking turns on single rows. */
const LEAST_ROWS_OF_A_CLASS = 10;

/** Whether there are enough gate rows for any figure to mean something. */
export function checkRows(
  { rows, problem }: Evaluation,
  { confusion, classes }: Scored,
  { taught = [] }: Pick<Circumstances, 'taught'>,
): Findings {
  // A class that the model once learned, and that no row of this run has, is no matter.
  const isMet = (name: string, support: number): boolean =>
    support > 0 || taught.some((each) => each.name === name && each.rows > 0);
  const few: Reason[] = [];
  const hold = (message: string, value: number | null, limit: number) =>
    few.push({ code: 'too_few_gate_rows', message, value, limit });
  if (rows < LEAST_ROWS) {
    hold(
      `the candidate was judged on ${howMany(rows, 'row')} alone, too few to trust its figures: at least ${LEAST_ROWS} are asked for`,
      rows,
      LEAST_ROWS,
    );
  }
  if (problem === 'regression') return findings({ toPerson: few });
  if (problem === 'multiclass') {
    if (classes === null) hold('it is not known how many of the gate rows have each class', null, 1);
    const seen = classes?.filter(({ support }) => support > 0).length ?? 0;
    if (classes !== null && seen < 2)
      hold('the gate rows are all of one class, so nothing was to be told apart', seen, 2);
    const rare = (classes ?? []).filter(({ name, support }) => support < LEAST_ROWS_OF_A_CLASS && isMet(name, support));
    const least = Math.min(...rare.map(({ support }) => support));
    if (seen >= 2 && rare.length > 0)
      hold(
        `of the rows the candidate was judged on, too few to trust what it does of them have the class ${classList(rare.map(({ name, support: rows }) => ({ name, rows })))}: at least ${LEAST_ROWS_OF_A_CLASS} are asked for`,
        least,
        LEAST_ROWS_OF_A_CLASS,
      );
    return findings({ toPerson: few });
  }
  if (confusion === null) {
    hold('it is not known how many of the gate rows have each answer', null, LEAST_ROWS_OF_A_CLASS);
    return findings({ toPerson: few });
  }
  const { tn, fp, fn, tp } = confusion;
  for (const [answer, count] of [
    ['yes', tp + fn],
    ['no', tn + fp],
  ] as const) {
    if (count >= LEAST_ROWS_OF_A_CLASS) continue;
    hold(
      `the true answer is ${answer} in ${count} of the ${counted(rows)} rows the candidate was judged on, too few to trust its figures: at least ${LEAST_ROWS_OF_A_CLASS} are asked for`,
      count,
      LEAST_ROWS_OF_A_CLASS,
    );
  }
  return findings({ toPerson: few });
}

/** By fewer rows a class is not taught, whatever the gate's few rows of it say. *assumed* */
const LEAST_ROWS_TO_TEACH_A_CLASS = 20;

/** Whether each class that the rows have was taught by enough of them. */
export function checkTaught(
  { problem }: Evaluation,
  { classes }: Scored,
  { taught = [] }: Pick<Circumstances, 'taught'>,
): Findings {
  const judges = (name: string): boolean =>
    problem === 'binary' || classes?.some((each) => each.name === name && each.support > 0) === true;
  const few = taught.filter(({ name, rows }) => rows < LEAST_ROWS_TO_TEACH_A_CLASS && (rows > 0 || judges(name)));
  if (few.length === 0) return findings();
  const named = problem === 'binary' ? few.map(({ name, rows }) => ({ name: name === '1' ? 'yes' : 'no', rows })) : few;
  const message = `too few of the rows it was trained on have the ${problem === 'binary' ? 'answer' : 'class'} ${classList(named)}: at least ${LEAST_ROWS_TO_TEACH_A_CLASS} are asked for`;
  const value = Math.min(...few.map(({ rows }) => rows));
  const limit = LEAST_ROWS_TO_TEACH_A_CLASS;
  return findings({ toPerson: [{ code: 'too_few_training_rows', message, value, limit }] });
}

/** How many classes are told one by one. */
const TOLD = 5;

/** Classes with their rows, the rarest first. */
function classList(classes: readonly { readonly name: string; readonly rows: number }[]): string {
  const told = [...classes].sort((a, b) => a.rows - b.rows).slice(0, TOLD);
  const more = classes.length - told.length;
  return `${told.map(({ name, rows }) => `${name} (${howMany(rows, 'row')})`).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Rows of which a fifth judges as well as all of them: a comparison of so many tells a hundredth apart. *assumed* */
const MANY_ROWS = 20_000;

/** What is to be known of figures that are not of the model that would serve. */
export function checkFolds({ folds, rows }: Evaluation): Findings {
  if (folds === undefined) return findings();
  const message = `the figures come from ${folds} models, each judged on the fold that it never saw; the one that would serve was trained on all folds, which makes the interval of a comparison ${sizeText(foldsWidening(folds))} times as wide as rows alone would`;
  const notes: Reason[] = [{ code: 'judged_by_folds', message, value: folds }];
  if (rows >= MANY_ROWS) {
    const needless = `${counted(rows)} rows are enough for a gate of their own: data.split.folds trains ${folds} models more than that takes`;
    notes.push({ code: 'folds_not_needed', message: needless, value: rows, limit: MANY_ROWS });
  }
  return findings({ notes });
}

function checkThreshold(evaluation: Evaluation, candidate: Scored, name: string, limit: number): Findings {
  const metric = metricOr(evaluation.problem, name);
  if ('code' in metric) return findings({ against: [metric] });
  const value = candidate.figures[name] ?? null;
  if (value === null) {
    const message = `${metric.title} is undefined on the ${counted(evaluation.rows)} gate rows, so its threshold is not met`;
    return findings({ against: [{ code: 'threshold_undefined', message, metric: name, value, limit }] });
  }
  const [shown, asked] = apart(value, limit);
  const bound = metric.direction === 'higher' ? 'at least' : 'at most';
  // NaN is met by no comparison: a limit that is no number lets nothing pass.
  const met = gainOver(metric, value, limit) >= 0;
  const message = `${metric.title} is ${shown}; ${bound} ${asked} is asked for`;
  const reason = { code: met ? 'threshold_met' : 'threshold_not_met', message, metric: name, value, limit };
  return findings(met ? { inFavour: [reason] } : { against: [reason] });
}

/** Every threshold, in the order of their names: an object's own order is not part of what it says. */
export const checkThresholds = (evaluation: Evaluation, candidate: Scored, { thresholds }: Policy): Findings =>
  together(
    Object.keys(thresholds)
      .sort()
      .map((name) => checkThreshold(evaluation, candidate, name, thresholds[name] ?? Number.NaN)),
  );

/** Whether the candidate is better than always giving the same answer. */
export function checkTrivial(evaluation: Evaluation, candidate: Scored, { metric: name }: Policy): Findings {
  const asked = metricOr(evaluation.problem, name);
  const metric = 'code' in asked ? asked : metricOr(evaluation.problem, asked.baseline);
  if ('code' in metric) return findings({ against: [metric] });
  const value = candidate.figures[metric.name] ?? null;
  const limit = evaluation.trivial[metric.name] ?? null;
  const about = { metric: metric.name, value, limit };
  if (value === null || limit === null) {
    const message = `${metric.title} is undefined on the ${counted(evaluation.rows)} gate rows, so the candidate cannot be told from a guess`;
    return findings({ against: [{ code: 'metric_undefined', message, ...about }] });
  }
  const [shown, guess] = apart(value, limit);
  const above = gainOver(metric, value, limit) > 0;
  const message = above
    ? `${metric.title} is ${shown}, better than the ${guess} of always giving the same answer`
    : `${metric.title} is ${shown}, no better than the ${guess} of always giving the same answer`;
  const reason = { code: above ? 'better_than_trivial' : 'not_better_than_trivial', message, ...about };
  return findings(above ? { inFavour: [reason] } : { against: [reason] });
}
