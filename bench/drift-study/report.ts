import { type AlarmRule, alarmStates, alarmsRaised } from './alarms.ts';
import { type Judged, PROCEDURES, type Procedure } from './procedures.ts';
import type { Shift } from './shifts.ts';

/** The windows of one stream after one baseline, nothing changed. */
export interface Followed {
  readonly stream: string;
  /** 0: all flights; then the airports, the largest first. */
  readonly rank: number;
  readonly baseline: string;
  readonly judged: readonly Judged[];
}

/** Windows of so many rows, as they were and shifted. */
export interface Detected {
  readonly rows: number;
  readonly unshifted: readonly Judged[];
  /** Per size of the shift, in its order. */
  readonly found: readonly { readonly shift: Shift; readonly judged: readonly (readonly Judged[])[] }[];
}

/** Functions of time, watched like other features. */
export interface OfTime {
  readonly judged: readonly Judged[];
}

const DAYS_A_YEAR = 365;
const POWER = 0.9;
/** A shift of a few windows in a row counts as seen when the alarm is on by the third. */
const WITHIN = 3;
/** Those whose power is shown. */
const COMPARED = PROCEDURES.filter((procedure) => procedure !== 'Millrace, at once at 2');

const percent = (share: number): string => (100 * share).toFixed(1);

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Two of three windows raise the alarm; in one of the procedures a window far beyond the limit does so at once. */
const ruleOf = (procedure: Procedure): AlarmRule => ({ atOnce: procedure === 'Millrace, at once at 2' ? 2 : null });

interface Tally {
  readonly windows: number;
  readonly flagged: number;
  readonly alarms: number;
  readonly inAlarm: number;
}

function tallied(series: readonly (readonly Judged[])[], procedure: Procedure): Tally {
  const tally = { windows: 0, flagged: 0, alarms: 0, inAlarm: 0 };
  for (const judged of series) {
    const scores = judged.map(({ scores: found }) => found[procedure]);
    const states = alarmStates(scores, ruleOf(procedure));
    tally.windows += scores.filter((score) => score !== null).length;
    tally.flagged += scores.filter((score) => score !== null && score >= 1).length;
    tally.alarms += alarmsRaised(states);
    tally.inAlarm += states.filter((on) => on).length;
  }
  return tally;
}

/** `0.7 % · 0.25 · 0.9 %`: windows flagged, alarms per model and year, windows in alarm. */
function shown({ windows, flagged, alarms, inAlarm }: Tally): string {
  if (windows === 0) return '-';
  const yearly = (alarms / windows) * DAYS_A_YEAR;
  return `${percent(flagged / windows)} · ${yearly.toFixed(2)} · ${percent(inAlarm / windows)}`;
}

interface Group {
  readonly name: string;
  readonly of: (one: Followed) => boolean;
}

/** Every other airport was looked at when the rule was chosen. */
const LOOKED_AT: readonly Group[] = [
  { name: 'all flights', of: ({ rank }) => rank === 0 },
  { name: 'airports looked at', of: ({ rank }) => rank > 0 && rank % 2 === 1 },
  { name: 'airports not looked at', of: ({ rank }) => rank > 0 && rank % 2 === 0 },
];

const NEVER_LOOKED_AT: readonly Group[] = [
  { name: 'all flights', of: ({ rank }) => rank === 0 },
  { name: 'airports', of: ({ rank }) => rank > 0 },
];

function falseAlarms(followed: readonly Followed[], groups: readonly Group[]): string {
  const baselines = [...new Set(followed.map(({ baseline }) => baseline))];
  const rows = baselines.flatMap((baseline) =>
    groups.map(({ name, of }) => {
      const series = followed.filter((one) => one.baseline === baseline && of(one)).map(({ judged }) => judged);
      const windows = tallied(series, 'Millrace').windows;
      return [baseline, name, String(windows), ...PROCEDURES.map((procedure) => shown(tallied(series, procedure)))];
    }),
  );
  const everything = followed.map(({ judged }) => judged);
  const total = PROCEDURES.map((procedure) => tallied(everything, procedure));
  return markdown(
    ['baseline', 'models', 'windows', ...PROCEDURES],
    [...rows, ['all', '', String(total[0]?.windows ?? 0), ...total.map(shown)]],
  );
}

/** Which column and way raised the flags of windows that did not change. */
function raisedBy(followed: readonly Followed[]): string {
  const counts = new Map<string, number>();
  for (const { judged } of followed) {
    for (const { report } of judged) {
      for (const { name, keys } of [...report.features, ...report.predictions]) {
        for (const [key, found] of Object.entries(keys)) {
          if (found?.drifted) counts.set(`${name}, ${key}`, (counts.get(`${name}, ${key}`) ?? 0) + 1);
        }
      }
    }
  }
  const rows = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => [name, String(count)]);
  return markdown(['column and key', 'windows'], rows);
}

/** The models whose alarm went on, with the days it did. */
function alarmsOf(followed: readonly Followed[]): string {
  const rows = followed.flatMap(({ stream, baseline, judged }) => {
    const states = alarmStates(
      judged.map(({ scores }) => scores.Millrace),
      ruleOf('Millrace, at once at 2'),
    );
    const raised = judged.filter((_, at) => states[at] && !(states[at - 1] ?? false));
    if (raised.length === 0) return [];
    const days = raised.map(
      ({ date, scores, report }) => `${date} (${(scores.Millrace ?? 0).toFixed(1)}: ${report.drifted.join(', ')})`,
    );
    return [[baseline, stream, days.join('; ')]];
  });
  return markdown(['baseline', 'model', 'alarms'], rows);
}

const share = (judged: readonly Judged[], procedure: Procedure): number =>
  judged.filter(({ scores }) => (scores[procedure] ?? 0) >= 1).length / judged.length;

/** How often a shift that lasts raises the alarm by its third window. */
function alarmPower(judged: readonly Judged[], procedure: Procedure): number {
  const starts = judged.slice(0, judged.length - WITHIN + 1);
  const seen = starts.filter((_, at) =>
    alarmStates(
      judged.slice(at, at + WITHIN).map(({ scores }) => scores[procedure]),
      ruleOf(procedure),
    ).some((on) => on),
  );
  return seen.length / starts.length;
}

/** The smallest size from which on power stays at 90 % and more. */
function smallest(judged: readonly (readonly Judged[])[], shift: Shift, procedure: Procedure): string {
  const reached = judged.map((windows) => alarmPower(windows, procedure) >= POWER);
  const last = reached.lastIndexOf(false);
  const size = shift.sizes[last + 1];
  return size === undefined ? '-' : shift.shown(size);
}

function detectable(detected: readonly Detected[], procedure: Procedure): string {
  const shifts = detected[0]?.found.map(({ shift }) => shift) ?? [];
  return markdown(
    ['shift', ...detected.map(({ rows }) => `${rows} rows`)],
    shifts.map((shift, at) => [
      shift.name,
      ...detected.map(({ found }) => smallest(found[at]?.judged ?? [], shift, procedure)),
    ]),
  );
}

/** Power per window and per alarm of the sizes around the limit, for all procedures. */
function powers(detected: readonly Detected[]): string {
  const wanted = [
    { name: 'mean of the scores', size: 0.25 },
    { name: 'mean of the scores', size: 0.5 },
    { name: 'spread of the scores', size: 1.3 },
    { name: 'rows 3 sd higher', size: 0.05 },
    { name: 'scores missing', size: 0.05 },
    { name: 'rows moved to the most frequent category', size: 0.2 },
    { name: 'rows of an unseen category', size: 0.05 },
  ] as const;
  const rows = wanted.flatMap(({ name, size }) =>
    detected.map(({ rows: each, found }) => {
      const one = found.find(({ shift }) => shift.name === name);
      const judged = one?.judged[one.shift.sizes.indexOf(size)] ?? [];
      const cells = COMPARED.map(
        (procedure) => `${percent(share(judged, procedure))} · ${percent(alarmPower(judged, procedure))}`,
      );
      return [`${name}, ${one?.shift.shown(size) ?? ''}`, String(each), ...cells];
    }),
  );
  return markdown(['shift', 'rows', ...COMPARED], rows);
}

function sampledFalseAlarms(detected: readonly Detected[]): string {
  return markdown(
    ['rows', ...PROCEDURES],
    detected.map(({ rows, unshifted }) => [
      String(rows),
      ...PROCEDURES.map((procedure) => shown(tallied([unshifted], procedure))),
    ]),
  );
}

/** All tables of the study, in Markdown. */
export const report = (followed: readonly Followed[], detected: readonly Detected[], ofTime: OfTime): string =>
  [
    'Nothing changed: per cent of windows flagged · alarms per model and year · per cent of windows in alarm',
    falseAlarms(followed, LOOKED_AT),
    'What flagged',
    raisedBy(followed),
    'Alarms of Millrace, at once at 2',
    alarmsOf(followed),
    'Nothing changed, all flights sampled to so many rows a window',
    sampledFalseAlarms(detected),
    'Hour and weekday watched like any feature',
    markdown([...PROCEDURES], [PROCEDURES.map((procedure) => shown(tallied([ofTime.judged], procedure)))]),
    'The smallest shift that raises the alarm within three windows with 90 % power',
    detectable(detected, 'Millrace'),
    'Power: per cent of windows flagged · per cent of alarms within three windows',
    powers(detected),
  ].join('\n\n');

/** The tables of a second study, of data that no rule was chosen on. */
export const secondReport = (name: string, followed: readonly Followed[], sampled: readonly Detected[]): string =>
  [
    `${name}. Nothing changed: per cent of windows flagged · alarms per model and year · per cent of windows in alarm`,
    falseAlarms(followed, NEVER_LOOKED_AT),
    'What flagged',
    raisedBy(followed),
    'Alarms of Millrace, at once at 2',
    alarmsOf(followed),
    'The smallest shift that raises the alarm within three windows with 90 % power',
    detectable(sampled, 'Millrace'),
  ].join('\n\n');
