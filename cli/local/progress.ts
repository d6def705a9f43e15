import type { LocalCloud } from '../../local/cloud.ts';

/** Functions' log groups begin with this. */
const GROUPS = '/aws/lambda/millrace-dev-';

/** The functions of the stack, in the order of the loop. */
export const STEPS = [
  'validate-data',
  'read-part',
  'plan-run',
  'prepare-data',
  'launch-training',
  'track-training',
  'evaluate-model',
  'gate-model',
  'deploy-model',
  'track-endpoint',
  'retrain-model',
  'measure-quality',
  'predict',
  'notify',
  'reconcile',
] as const;

/** Outcomes that say nothing happened: the events that AWS sends on the way. */
const SILENT = new Set([
  'over',
  'running',
  'waiting',
  'no_new_data',
  'quiet',
  'told',
  'answered',
  'nothing_asked',
  'no_predictions',
  'left_to_another',
  'not_approved',
]);

const HOW_OFTEN_MS = 100;

/**
 * Prints a line for each thing a step did, as its own log tells it, until stopped.
 * @returns The way to stop, which prints what is left first.
 */
export const showProgress = (cloud: LocalCloud, print: (line: string) => void): (() => void) => {
  const read = new Map<string, number>();
  const look = () => {
    const lines: { at: number; text: string }[] = [];
    for (const step of STEPS) {
      const entries = cloud.logs.read(`${GROUPS}${step}`);
      const from = read.get(step) ?? 0;
      read.set(step, entries.length);
      for (const { timestamp, message } of entries.slice(from)) {
        if (!message.startsWith('{')) continue;
        const { level, message: outcome, event, said }: Record<string, unknown> = JSON.parse(message);
        if (typeof outcome !== 'string' || (level === 'INFO' && SILENT.has(outcome))) continue;
        const what = typeof event === 'string' ? `  (${event})` : '';
        const more = Array.isArray(said) && said.length > 0 ? `: ${said.join('; ')}` : '';
        lines.push({
          at: timestamp,
          text: `${new Date(timestamp).toISOString().slice(5, 19).replace('T', ' ')}  ${step.padEnd(16)} ${level === 'INFO' ? '' : `${level} `}${outcome}${more}${what}`,
        });
      }
    }
    for (const { text } of lines.toSorted((a, b) => a.at - b.at)) print(`   ${text}`);
  };
  const timer = setInterval(look, HOW_OFTEN_MS);
  return () => {
    clearInterval(timer);
    look();
  };
};
