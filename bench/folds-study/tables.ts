import { wilson } from '../../shared/evaluation/intervals.ts';
import { criticalT } from '../../shared/evaluation/neighbours.ts';
import { DESIGNS, type Design, type Judgement } from './replication.ts';
import type { MetricName } from './truth.ts';

/** A comparison as it is, or with candidate and champion changed over. */
interface Verdict {
  readonly judgement: Judgement;
  readonly gain: number;
  readonly truth: number;
  readonly lower: Readonly<Record<Procedure, number>>;
}

/** `rows`: as if the models that judge were to serve. `folds`: the widest of rows and of folds with their own t. */
type Procedure = 'rows' | 'folds' | 'gate';

/** Where champion and candidate learn from the same rows, neither is the candidate: such a pair is read both ways. */
function verdictsOf(judgement: Judgement): Verdict[] {
  const { gain, truth, folds, foldError, byRows, byGate, design, isHandicapped } = judgement;
  const half = Math.max(gain - byRows.lower, criticalT(folds - 1) * foldError);
  const asItIs: Verdict = {
    judgement,
    gain,
    truth,
    lower: { rows: byRows.lower, folds: gain - half, gate: byGate.lower },
  };
  if (design !== 'luck' || isHandicapped) return [asItIs];
  const lower = { rows: -byRows.upper, folds: -gain - half, gate: -byGate.upper };
  return [asItIs, { judgement, gain: -gain, truth: -truth, lower }];
}

const percent = (share: number): string => (100 * share).toFixed(1);

/** `4.6 (2.1-7.1)`, in per cent; the 95 % interval is Wilson's. */
function shareOf(verdicts: readonly Verdict[], holds: (verdict: Verdict) => boolean): string {
  const hits = verdicts.filter(holds).length;
  const interval = wilson({ hits, rows: verdicts.length });
  return interval === null
    ? '-'
    : `${percent(hits / verdicts.length)} (${percent(interval[0])}-${percent(interval[1])})`;
}

const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The verdicts of each design and setting there is. */
function* groupsOf(judgements: readonly Judgement[], designs: readonly Design[]) {
  const settings = new Map(judgements.map(({ rows, folds }) => [`${rows} in ${folds}`, { rows, folds }]));
  for (const design of designs) {
    for (const [setting, { rows, folds }] of settings) {
      const found = judgements.filter((of) => of.design === design && of.rows === rows && of.folds === folds);
      if (found.length > 0) yield { about: [design, setting], verdicts: found.flatMap(verdictsOf) };
    }
  }
}

const above =
  (procedure: Procedure, limit: (verdict: Verdict) => number) =>
  (verdict: Verdict): boolean =>
    verdict.lower[procedure] > limit(verdict);

const NO_GAIN = (): number => 0;
const TRUTH = ({ truth }: Verdict): number => truth;
const HEAD = ['design', 'rows in folds', 'verdicts'];

/** Under `superior`: promoted, promoted falsely, and of those that are no better. */
export function falsePromotions(judgements: readonly Judgement[], metric: MetricName): string {
  const equal = judgements.filter((of) => of.metric === metric && !of.isHandicapped);
  const procedures = ['rows', 'gate'] as const;
  return markdown(
    [
      ...HEAD,
      ...procedures.flatMap((name) => [`${name}: promoted`, `${name}: falsely`, `${name}: of those no better`]),
    ],
    Array.from(groupsOf(equal, DESIGNS), ({ about, verdicts }) => {
      const noBetter = verdicts.filter(({ truth }) => truth <= 0);
      return [
        ...about,
        String(verdicts.length),
        ...procedures.flatMap((name) => [
          percent(verdicts.filter(above(name, NO_GAIN)).length / verdicts.length),
          shareOf(verdicts, (of) => of.truth <= 0 && above(name, NO_GAIN)(of)),
          shareOf(noBetter, above(name, NO_GAIN)),
        ]),
      ];
    }),
  );
}

/** The lower bound lies above the truth; handicapped candidates: they pass `non_inferior` with the margin they lost. */
export function atTheLimit(judgements: readonly Judgement[], metric: MetricName, isHandicapped: boolean): string {
  const found = judgements.filter((of) => of.metric === metric && of.isHandicapped === isHandicapped);
  return markdown(
    [...HEAD, 'rows', 'folds', 'gate', 'spread / error by rows', 'bias / error by rows'],
    Array.from(groupsOf(found, DESIGNS), ({ about, verdicts }) => {
      const error = rootMeanSquare(verdicts.map(({ judgement }) => judgement.rowError));
      const off = verdicts.map(({ gain, truth }) => gain - truth);
      return [
        ...about,
        String(verdicts.length),
        ...(['rows', 'folds', 'gate'] as const).map((name) => shareOf(verdicts, above(name, TRUTH))),
        (rootMeanSquare(off) / error).toFixed(2),
        (off.reduce((sum, value) => sum + value, 0) / off.length / error).toFixed(2),
      ];
    }),
  );
}

const TITLES: Readonly<Record<MetricName, string>> = {
  roc_auc: 'ROC AUC (DeLong)',
  log_loss: 'log loss (paired difference)',
  mse: 'squared error of the delay (paired difference)',
};
const METRICS = ['roc_auc', 'log_loss', 'mse'] as const;

/** How far the lower bound lies below the gain, on average. */
const halfOf = (verdicts: readonly Verdict[], procedure: Procedure): number =>
  verdicts.reduce((sum, { gain, lower }) => sum + gain - lower[procedure], 0) / verdicts.length;

/** All settings of a design together, the three procedures side by side. */
function together(judgements: readonly Judgement[]): string {
  return markdown(
    [
      'metric',
      'design',
      'verdicts',
      'rows',
      'folds',
      'gate',
      'rows: falsely',
      'gate: falsely',
      'rows: of those no better',
      'gate: of those no better',
      'folds / rows, half width',
      'gate / rows, half width',
    ],
    METRICS.flatMap((metric) =>
      [...DESIGNS, 'handicapped' as const].flatMap((design) => {
        const found = judgements.filter(
          (of) =>
            of.metric === metric &&
            (design === 'handicapped' ? of.isHandicapped : of.design === design && !of.isHandicapped),
        );
        if (found.length === 0) return [];
        const verdicts = found.flatMap(verdictsOf);
        return [
          [
            metric,
            design,
            String(verdicts.length),
            ...(['rows', 'folds', 'gate'] as const).map((name) => shareOf(verdicts, above(name, TRUTH))),
            ...(['rows', 'gate'] as const).map((name) =>
              shareOf(verdicts, (of) => of.truth <= 0 && above(name, NO_GAIN)(of)),
            ),
            ...(['rows', 'gate'] as const).map((name) =>
              shareOf(
                verdicts.filter(({ truth }) => truth <= 0),
                above(name, NO_GAIN),
              ),
            ),
            ...(['folds', 'gate'] as const).map((name) =>
              (halfOf(verdicts, name) / halfOf(verdicts, 'rows')).toFixed(2),
            ),
          ],
        ];
      }),
    ),
  );
}

/**
 * Every table in Markdown. Shares are per cent, in brackets their 95 % intervals.
 * @param lookedAt pairs up to this one were looked at when the gate's rule was chosen; the others are told apart, too
 */
export function report(judgements: readonly Judgement[], lookedAt: number): string {
  const fresh = judgements.filter(({ pair }) => pair > lookedAt);
  return [
    `${new Set(judgements.map(({ pair }) => pair)).size} pairs`,
    '### The bound above the truth, all settings together',
    together(judgements),
    ...(fresh.length === 0 ? [] : [`### The same, pairs from ${lookedAt + 1} on`, together(fresh)]),
    ...METRICS.flatMap((metric) => [
      `### ${TITLES[metric]}: promoted under \`superior\``,
      falsePromotions(judgements, metric),
      `### ${TITLES[metric]}: the bound above the truth`,
      atTheLimit(judgements, metric, false),
      ...(metric === 'mse'
        ? []
        : [`### ${TITLES[metric]}: worse by the margin, pass \`non_inferior\``, atTheLimit(judgements, metric, true)]),
    ]),
  ].join('\n\n');
}
