import type { Reason } from '../../events/vocabulary.ts';

/** A message for a person: one line that says what happened, then why. */
export interface Notice {
  readonly subject: string;
  readonly message: string;
}

const because = (reasons: readonly Reason[]) => reasons.map((reason) => `- ${reason.message}`).join('\n');

const notice = (subject: string, ...paragraphs: string[]): Notice => ({
  subject,
  message: [subject, ...paragraphs].filter((paragraph) => paragraph !== '').join('\n\n'),
});

type Problem = {
  code: string;
  message: string;
  line?: number | undefined;
  column?: string | undefined;
  part?: string | undefined;
};

const place = ({ part, line, column }: Problem) =>
  [part && `part ${part}`, line !== undefined && `line ${line}`, column && `column ${column}`]
    .filter(Boolean)
    .join(', ');

/** Said again after the hold: the answer came when the champion had changed, or too late to count. */
const NOT_TO_BE_ANSWERED: ReadonlySet<string> = new Set([
  'champion_changed',
  'model_retired',
  'approval_expired',
  'evidence_too_old',
  'decided_in_registry',
  'rejected_by_gate',
]);

/** What a rollout could see, so that nobody takes silence for health. */
const seen = (sees: string | undefined): string => (sees === undefined ? '' : `How well it was watched: ${sees}.`);

const answers = (run: string): string => `npx millrace approve ${run}\nnpx millrace reject ${run}`;

/** What a trigger of retraining has seen. */
const SEEN: Readonly<Record<string, string>> = { quality: 'a loss of quality', age: 'age', drift: 'drift' };

/** A window of which nothing is known, and why. */
interface Unmeasured {
  readonly model: string;
  readonly run: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly reasons: readonly Reason[];
}

const unmeasured = (what: string, { model, run, window, reasons }: Unmeasured, key: string): Notice =>
  notice(
    `${model}: ${what} could not be measured`,
    `Window: ${window.start} to ${window.end}\nModel in service: that of run ${run}`,
    because(reasons),
    'Nothing is known of this window: that its alarm stays silent is no good sign.',
    `Details: ${key}`,
  );

export const notices = {
  datasetRejected: (data: {
    model: string;
    key: string;
    problems: readonly Problem[];
    reportKey: string | null;
  }): Notice =>
    notice(
      `${data.model}: a dataset was rejected`,
      `${data.key} is untouched. What is wrong with it:`,
      data.problems.map((problem) => `- ${[place(problem), problem.message].filter(Boolean).join(': ')}`).join('\n'),
      data.reportKey ? `Report: ${data.reportKey}` : '',
    ),
  datasetDeferred: (data: { model: string; key: string; reason: string }): Notice =>
    notice(`${data.model}: a dataset was put off`, `${data.key}: ${data.reason}`),
  datasetRepeated: (data: { model: string; key: string; dataset: string; accepted: boolean }): Notice =>
    notice(
      `${data.model}: a dataset was delivered again`,
      `${data.key} has the same bytes as dataset ${data.dataset}, which was ${data.accepted ? 'accepted' : 'rejected'} under the same rules: nothing follows from it.`,
    ),
  labelsRejected: (data: { model: string; key: string; reason: string; problems: readonly Problem[] }): Notice =>
    notice(
      `${data.model}: a file of labels is not used`,
      `${data.key} is untouched: ${data.reason}.`,
      data.problems.map((problem) => `- ${[place(problem), problem.message].filter(Boolean).join(': ')}`).join('\n'),
    ),
  runDeclined: (data: { model: string; reasons: readonly Reason[] }): Notice =>
    notice(`${data.model}: no run was started`, because(data.reasons)),
  retrainingDeclined: (data: {
    model: string;
    trigger: string;
    proposal: string;
    reasons: readonly Reason[];
  }): Notice =>
    data.proposal === 'investigate'
      ? notice(
          `${data.model}: ${SEEN[data.trigger] ?? data.trigger} that training cannot mend`,
          because(data.reasons),
          'Nothing is trained; somebody should look.',
        )
      : notice(`${data.model}: no run is proposed`, because(data.reasons)),
  runEnded: (data: { model: string; run: string; end: string; reason: string }): Notice =>
    notice(`${data.model}: run ${data.run} ${data.end}`, data.reason),
  candidateRejected: (data: { model: string; run: string; reasons: readonly Reason[] }): Notice =>
    notice(`${data.model}: the candidate of run ${data.run} was rejected`, because(data.reasons)),
  candidateHeld: (data: { model: string; run: string; reasons: readonly Reason[] }): Notice =>
    notice(
      `${data.model}: the candidate of run ${data.run} is held`,
      because(data.reasons),
      data.reasons.some(({ code }) => NOT_TO_BE_ANSWERED.has(code)) ? '' : answers(data.run),
    ),
  modelDeployed: (data: {
    model: string;
    run: string;
    endpointName: string;
    sees?: string | undefined;
    rollback?: string | undefined;
  }): Notice =>
    notice(
      `${data.model}: the model of run ${data.run} is in service${data.rollback === undefined ? '' : ' again'}`,
      data.rollback === undefined ? '' : `It was put back: ${data.rollback}`,
      `Endpoint: ${data.endpointName}`,
      seen(data.sees),
    ),
  deploymentRolledBack: (data: {
    model: string;
    run: string;
    endpointName: string;
    reason: string;
    sees?: string | undefined;
  }): Notice =>
    notice(
      `${data.model}: the rollout of run ${data.run} was rolled back`,
      data.reason,
      `Endpoint ${data.endpointName} serves what it served before. This version does not come back by itself.`,
      seen(data.sees),
    ),
  modelRetired: (data: { model: string; run: string; endpointName: string; reason: string }): Notice =>
    notice(
      `${data.model}: out of service`,
      data.reason,
      `Endpoint ${data.endpointName} and the model's alarms are gone; the model of run ${data.run} comes back with:`,
      `npx millrace rollback ${data.model}`,
    ),
  /** Outcome `error` alone: the rule sends no other. */
  driftNotMeasured: (data: Unmeasured & { driftKey: string }): Notice => unmeasured('drift', data, data.driftKey),
  qualityNotMeasured: (data: Unmeasured & { qualityKey: string }): Notice =>
    unmeasured('the quality', data, data.qualityKey),
};
