import { widestOf } from './judging.ts';
import {
  BOOTSTRAP_T,
  BOOTSTRAP_WIDEST,
  BY_DAY,
  BY_DAY_NORMAL,
  BY_ROW,
  PERCENTILE,
  type Procedure,
  TWO_BLOCKS,
  WIDEST,
} from './procedures.ts';
import { type Rate, rateOf, seen, type Verdict, verdictsOf } from './rates.ts';
import { GATES, type Judgement, MARGINS, type MetricName } from './replication.ts';

const percent = (share: number): string => (100 * share).toFixed(1);

/** `4.6 (2.1-7.1)`, in per cent. */
const shown = (rate: Rate | null): string =>
  rate === null ? '-' : `${percent(rate.share)} (${percent(rate.interval[0])}-${percent(rate.interval[1])})`;

const share = (rate: Rate | null): string => (rate === null ? '-' : percent(rate.share));

const counted = (value: number): string => Math.round(value).toLocaleString('en-US');

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Which judgements a row of a table is about. */
type Wanted = Partial<Pick<Judgement, 'metric' | 'gate' | 'candidate' | 'days'>>;

const matching = (judgements: readonly Judgement[], { metric, gate, candidate, days }: Wanted): Judgement[] =>
  judgements.filter(
    (judgement) =>
      (metric === undefined || judgement.metric === metric) &&
      (gate === undefined || judgement.gate === gate) &&
      (candidate === undefined || judgement.candidate === candidate) &&
      (days === undefined || judgement.days === days),
  );

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/** The procedure's lower bound lies above a value; null where it has no bound. */
const above =
  (procedure: Procedure, limit: (verdict: Verdict) => number) =>
  (verdict: Verdict): boolean | null => {
    const lower = procedure.lower(verdict.judgement, verdict.mirrored);
    return lower === null ? null : lower > limit(verdict);
  };

const truthOf = (verdict: Verdict): number => seen(verdict, verdict.judgement.truth);

/**
 * Retraining by one recipe under `superior`: how many candidates are promoted, and how many of all are promoted though
 * they are no better in truth.
 */
export function falsePromotions(judgements: readonly Judgement[], metric: MetricName): string {
  const procedures = [BY_ROW, BY_DAY, WIDEST];
  return markdown(
    [
      'days',
      'verdicts',
      ...procedures.map(({ name }) => `${name}: promoted`),
      ...procedures.map(({ name }) => `${name}: falsely`),
      `${WIDEST.name}: of those that are no better`,
    ],
    GATES.map((days) => {
      const verdicts = verdictsOf(matching(judgements, { metric, days, gate: 'consecutive', candidate: 'equal' }));
      const falsely = (procedure: Procedure) => (verdict: Verdict) => {
        const promoted = above(procedure, () => 0)(verdict);
        return promoted === null ? null : promoted && truthOf(verdict) <= 0;
      };
      return [
        String(days),
        String(verdicts.length),
        ...procedures.map((procedure) =>
          share(
            rateOf(
              verdicts,
              above(procedure, () => 0),
            ),
          ),
        ),
        ...procedures.map((procedure) => shown(rateOf(verdicts, falsely(procedure)))),
        shown(
          rateOf(
            verdicts.filter((verdict) => truthOf(verdict) <= 0),
            above(WIDEST, () => 0),
          ),
        ),
      ];
    }),
  );
}

/** The gate's own rule on consecutive days: every rate of false promotions side by side. */
export function gateAlone(judgements: readonly Judgement[], metric: 'roc_auc' | 'log_loss'): string {
  return markdown(
    [
      'days',
      'falsely, of all',
      'falsely, of those that are no better',
      'worse by the margin, pass',
      'bound above the truth',
    ],
    GATES.map((days) => {
      const of = (candidate: Judgement['candidate']) =>
        verdictsOf(matching(judgements, { metric, days, gate: 'consecutive', candidate }));
      const equal = of('equal');
      const promoted = above(WIDEST, () => 0);
      return [
        String(days),
        shown(
          rateOf(equal, (verdict) => {
            const passes = promoted(verdict);
            return passes === null ? null : passes && truthOf(verdict) <= 0;
          }),
        ),
        shown(
          rateOf(
            equal.filter((verdict) => truthOf(verdict) <= 0),
            promoted,
          ),
        ),
        shown(
          rateOf(
            of('handicapped'),
            above(WIDEST, () => -MARGINS[metric]),
          ),
        ),
        shown(rateOf(equal, above(WIDEST, truthOf))),
      ];
    }),
  );
}

/**
 * How often the lower bound lies above the truth: the rate of false promotions where the truth is at the limit of what
 * passes, the worst case of every mode and margin.
 */
export function atTheLimit(judgements: readonly Judgement[], metric: MetricName, gate: Judgement['gate']): string {
  const procedures = [BY_ROW, BY_DAY_NORMAL, BY_DAY, WIDEST, TWO_BLOCKS];
  return markdown(
    ['days', ...procedures.map(({ name }) => name), 'spread / error by rows', 'spread / error by days'],
    GATES.map((days) => {
      const found = matching(judgements, { metric, days, gate, candidate: 'equal' });
      const spread = rootMeanSquare(found.map(({ gain, truth }) => gain - truth));
      const verdicts = verdictsOf(found);
      return [
        String(days),
        ...procedures.map((procedure) => shown(rateOf(verdicts, above(procedure, truthOf)))),
        (spread / rootMeanSquare(found.map(({ rowError }) => rowError ?? Number.NaN))).toFixed(1),
        (spread / rootMeanSquare(found.map(({ dayError }) => dayError))).toFixed(2),
      ];
    }),
  );
}

/** The same for F1, which is compared by drawing days again; both kinds of gate side by side. */
export function bootstrapAtTheLimit(judgements: readonly Judgement[]): string {
  const procedures = [PERCENTILE, BOOTSTRAP_T, BOOTSTRAP_WIDEST];
  const gates = ['drawn', 'consecutive'] as const;
  return markdown(
    ['days', ...gates.flatMap((gate) => procedures.map(({ name }) => `${gate}: ${name}`))],
    GATES.map((days) => [
      String(days),
      ...gates.flatMap((gate) => {
        const verdicts = verdictsOf(matching(judgements, { metric: 'f1', days, gate, candidate: 'equal' }));
        return procedures.map((procedure) => shown(rateOf(verdicts, above(procedure, truthOf))));
      }),
    ]),
  );
}

/** Candidates worse by exactly the margin under `non_inferior`: how many pass. */
export function handicappedPasses(judgements: readonly Judgement[], metric: 'roc_auc' | 'log_loss'): string {
  const drawn = [BY_ROW, BY_DAY, WIDEST];
  const consecutive = [BY_ROW, BY_DAY_NORMAL, BY_DAY, WIDEST, TWO_BLOCKS];
  return markdown(
    [
      'days',
      'candidates',
      ...drawn.map(({ name }) => `drawn: ${name}`),
      ...consecutive.map(({ name }) => `consecutive: ${name}`),
    ],
    GATES.map((days) => {
      const of = (gate: Judgement['gate']) =>
        verdictsOf(matching(judgements, { metric, days, gate, candidate: 'handicapped' }));
      const rate = (gate: Judgement['gate'], procedure: Procedure) =>
        shown(
          rateOf(
            of(gate),
            above(procedure, () => -MARGINS[metric]),
          ),
        );
      return [
        String(days),
        String(of('consecutive').length),
        ...drawn.map((procedure) => rate('drawn', procedure)),
        ...consecutive.map((procedure) => rate('consecutive', procedure)),
      ];
    }),
  );
}

/** How far a gate of so many days sees, and how many candidates that are no worse in truth pass a margin. */
export function power(judgements: readonly Judgement[], metric: MetricName, margins: readonly number[]): string {
  return markdown(
    [
      'days',
      'rows',
      'effective rows (median)',
      `half width: ${BY_DAY.name}`,
      `half width: ${WIDEST.name}`,
      `half width: ${TWO_BLOCKS.name}`,
      ...margins.map((margin) => `no worse, passes ${margin}`),
    ],
    GATES.map((days) => {
      const found = matching(judgements, { metric, days, gate: 'consecutive', candidate: 'equal' });
      const halfOf = (procedure: Procedure) =>
        median(found.map((judgement) => judgement.gain - (procedure.lower(judgement) ?? Number.NaN)));
      const noWorse = verdictsOf(found).filter((verdict) => truthOf(verdict) >= 0);
      return [
        String(days),
        counted(found.reduce((sum, { rows }) => sum + rows, 0) / found.length),
        counted(
          median(
            found.map(
              ({ rows, rowError, parts }) =>
                rows * Math.min((rowError ?? Number.NaN) / widestOf(parts).standardError, 1) ** 2,
            ),
          ),
        ),
        ...[BY_DAY, WIDEST, TWO_BLOCKS].map((procedure) => {
          const half = halfOf(procedure);
          return Number.isNaN(half) ? '-' : half.toFixed(4);
        }),
        ...margins.map((margin) =>
          share(
            rateOf(
              noWorse,
              above(WIDEST, () => -margin),
            ),
          ),
        ),
      ];
    }),
  );
}
