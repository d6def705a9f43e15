import { type Evaluation, type Refused, type Scored, scored } from './evaluation.ts';
import { counted } from './figure-text.ts';
import { chooseGolden, type Golden } from './golden.ts';
import { type Problem, trivialFigures } from './metrics.ts';
import type { ScoresRead } from './scores.ts';

/** The gate rows and what each side answered for them. */
export interface GateInput {
  readonly model: string;
  readonly run: string;
  readonly problem: Problem;
  /** Binary: a row is answered 1 at or above it. */
  readonly threshold: number;
  /** How many rows each part of `rows/` has, in order. */
  readonly parts: readonly number[];
  /** Part after part; NaN where a row has no label. */
  readonly labels: Float64Array;
  readonly candidate: ScoresRead;
  /** Null without a champion; `notComparable` says why it was not scored. */
  readonly champion:
    | { readonly run: string; readonly scores: ScoresRead }
    | { readonly run: string; readonly notComparable: string }
    | null;
  readonly evaluatedAt: Date;
}

interface Fault {
  readonly code: string;
  readonly message: string;
}

function labelFault({ labels, parts, problem }: GateInput): Fault | undefined {
  const rows = parts.reduce((sum, part) => sum + part, 0);
  if (labels.length !== rows) {
    return {
      code: 'labels_missing',
      message: `the gate has ${counted(rows)} rows and ${counted(labels.length)} labels`,
    };
  }
  const missing = labels.findIndex((label) => !Number.isFinite(label));
  if (missing >= 0) return { code: 'labels_missing', message: `gate row ${counted(missing + 1)} has no label` };
  const strange = problem === 'binary' ? labels.findIndex((label) => label !== 0 && label !== 1) : -1;
  if (strange < 0) return undefined;
  return { code: 'label_not_binary', message: `the label of gate row ${counted(strange + 1)} is neither 0 nor 1` };
}

/** The one column of scores, as long as the rows, or why there is none. */
function column(read: ScoresRead, rows: number): Float64Array | Fault {
  if (read.outcome === 'refused') return { code: read.fault.code, message: read.fault.message };
  const [only, ...others] = read.scores.columns;
  if (only === undefined || others.length > 0) {
    return { code: 'wrong_columns', message: `scores of one column are judged, not of ${read.scores.columns.length}` };
  }
  if (only.values.length === rows) return only.values;
  const code = only.values.length < rows ? 'missing_rows' : 'extra_rows';
  return { code, message: `there are ${counted(only.values.length)} scores for ${counted(rows)} rows` };
}

/**
 * Measures candidate and champion on the same rows. Whatever cannot be judged is evidence too: it stands as refused,
 * with its fault, and the decision lets nothing pass on it.
 */
export function evaluateGate(input: GateInput): { readonly evaluation: Evaluation; readonly golden: Golden } {
  const { model, run, problem, threshold, labels, parts, champion } = input;
  const rows = parts.reduce((sum, part) => sum + part, 0);
  const unfit: Fault | undefined =
    problem === 'multiclass'
      ? { code: 'problem_not_judged', message: 'multiclass models cannot be judged yet' }
      : labelFault(input);

  const side = (
    of: string,
    read: ScoresRead,
  ): { readonly result: Scored | Refused; readonly scores: Float64Array | null } => {
    const scores = unfit ?? column(read, rows);
    if (!(scores instanceof Float64Array)) return { result: { outcome: 'refused', run: of, ...scores }, scores: null };
    return { result: scored(of, { problem, labels, scores, threshold }), scores };
  };

  const ours = side(run, input.candidate);
  const theirs = champion !== null && 'scores' in champion ? side(champion.run, champion.scores) : null;
  const notComparable =
    champion !== null && 'notComparable' in champion
      ? ({ outcome: 'not_comparable', run: champion.run, message: champion.notComparable } as const)
      : null;
  return {
    evaluation: {
      model,
      run,
      problem,
      rows,
      threshold,
      candidate: ours.result,
      champion: theirs?.result ?? notComparable,
      trivial: unfit === undefined ? { ...trivialFigures({ problem, labels }) } : {},
      evaluatedAt: input.evaluatedAt.toISOString(),
    },
    golden: {
      model,
      run,
      championRun: theirs?.scores ? theirs.result.run : null,
      rows:
        ours.scores === null ? [] : chooseGolden({ parts, candidate: ours.scores, champion: theirs?.scores ?? null }),
    },
  };
}
