/** Rules about the label: how its classes are balanced, and whether a feature alone gives it away. */
import { howMany } from '../../report/how-many.ts';
import { type Evidence, figure, type Judgement, type RuleOf } from './check.ts';

/** What was found of the label. */
export interface LabelEvidence {
  readonly name: string;
  readonly problem: 'binary' | 'multiclass' | 'regression';
  /** Rows of each class of a binary or multiclass label; null of a number, and where there are too many to be classes. */
  readonly classes: LabelClasses | null;
  /** Those of the dataset accepted last; null without one. */
  readonly before: LabelClasses | null;
  /** How well each feature alone tells the label, from 0 to 1, the strongest first; null where too few rows were read. */
  readonly strengths: Strengths | null;
  /** On how many rows that was measured. */
  readonly sampled: number;
  /** Rows whose features equal those of a row with another label; null where it was not counted. */
  readonly conflicting: number | null;
}

type Strengths = readonly { readonly feature: string; readonly strength: number | null }[];

/** Rows of each class, the classes in the order of their names. */
export type LabelClasses = readonly (readonly [name: string, rows: number])[];

/** A class of fewer rows is not named: it may be a person's. */
const LEAST_NAMED = 5;
/** What a class's share may differ by in any case, and in standard errors. */
const MIN_BAND = 0.05;
const MAX_ERRORS = 4;

/** Holds each class's share against the least, and against its share in the dataset accepted last. */
export function judgeBalance(
  { min_share }: Pick<RuleOf<'label_balance'>, 'min_share'>,
  { label }: Evidence,
): Judgement {
  if (label === null) return { result: 'error', message: 'the label could not be read' };
  if (label.problem === 'regression') return { result: 'error', message: `${label.name} is a number, not classes` };
  if (label.classes === null) return { result: 'error', message: `${label.name} has too many values to be classes` };
  const rows = label.classes.reduce((sum, [, count]) => sum + count, 0);
  if (rows === 0) return { result: 'error', message: `${label.name} has no value` };
  const named = (name: string, count: number): string => (count < LEAST_NAMED ? 'a class of few rows' : name);
  const shares = new Map(label.classes.map(([name, count]) => [name, count / rows]));
  const [least] = [...label.classes].sort((a, b) => a[1] - b[1]);
  const smallest = least === undefined ? 0 : least[1] / rows;
  const told: string[] = [];
  if (label.classes.length === 1) told.push(`every row has the same label`);
  else if (min_share !== undefined && least !== undefined && smallest < min_share)
    told.push(`the share of ${named(...least)} is ${figure(smallest)}, below ${min_share}`);
  const before = label.before ?? [];
  const pastRows = before.reduce((sum, [, count]) => sum + count, 0);
  for (const [name, count] of pastRows === 0 ? [] : before) {
    const past = count / pastRows;
    const share = shares.get(name) ?? 0;
    const band = Math.max(MIN_BAND, MAX_ERRORS * Math.sqrt((past * (1 - past)) / rows));
    if (Math.abs(share - past) > band)
      told.push(
        `the share of ${named(name, count)} is ${figure(share)}, and was ${figure(past)} in the data accepted before (more than ${figure(band)} away)`,
      );
  }
  for (const [name, share] of pastRows === 0 ? [] : shares) {
    if (share > MIN_BAND && !before.some(([known]) => known === name))
      told.push(
        `the class ${named(name, share * rows)}, a share of ${figure(share)}, was not in the data accepted before`,
      );
  }
  return {
    result: told.length === 0 ? 'pass' : 'broken',
    value: smallest,
    threshold: min_share === undefined ? null : `>= ${min_share}`,
    evaluated: rows,
    message:
      told.length === 0
        ? `${howMany(label.classes.length, 'class', 'classes')}, the rarest a share of ${figure(smallest)}`
        : told.join('; '),
  };
}

/** A feature that alone gives the label away. */
interface Giveaway {
  readonly feature: string;
  /** How well it alone tells the label. */
  readonly evidence: string;
}

/** What no honest feature reaches: the limit of `no_leakage` where none is given. */
export const MAX_AUC = 0.98;

/** The features that reach the limit, the strongest first. */
export function giveawaysOf(
  { problem, strengths }: { readonly problem: LabelEvidence['problem']; readonly strengths: Strengths },
  limit: number = MAX_AUC,
): Giveaway[] {
  const measure = problem === 'regression' ? 'explains a share of' : 'ranks the label with an AUC of';
  const whole = problem === 'regression' ? " of the label's variance" : '';
  return strengths.flatMap(({ feature, strength }) =>
    strength === null || strength < limit
      ? []
      : [{ feature, evidence: `${feature} alone ${measure} ${figure(strength)}${whole}` }],
  );
}

/** Holds the strongest single feature against what no honest feature reaches. */
export function judgeLeakage({ max_auc }: Pick<RuleOf<'no_leakage'>, 'max_auc'>, { label }: Evidence): Judgement {
  if (label === null) return { result: 'error', message: 'the label could not be read' };
  if (label.strengths === null)
    return {
      result: 'pass',
      threshold: `< ${max_auc}`,
      evaluated: label.sampled,
      message: `${howMany(label.sampled, 'row')} ${label.sampled === 1 ? 'is' : 'are'} too few to tell whether a feature gives the label away`,
    };
  const [strongest] = label.strengths;
  const value = strongest?.strength ?? null;
  const told = giveawaysOf({ problem: label.problem, strengths: label.strengths }, max_auc).map(
    ({ evidence }) => evidence,
  );
  return {
    result: told.length === 0 ? 'pass' : 'broken',
    value,
    threshold: `< ${max_auc}`,
    evaluated: label.sampled,
    message:
      told.length === 0
        ? 'no feature alone gives the label away'
        : `${told.join('; ')}: a target leak, unless it is known before the label is; what is known only afterwards belongs into data.post_event`,
  };
}
