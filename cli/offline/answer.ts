import { circumstancesSchema } from '../../shared/evaluation/circumstances.ts';
import { type Answer, UsageError, type VerbInput } from '../verb.ts';
import { InputProblem } from './input-problem.ts';
import { judgeFiles, type OfflineInput } from './judge.ts';
import { summary } from './summary.ts';

/** What both commands can be told beside the scores. */
export const OFFLINE_OPTIONS = ['rows', 'definition', 'reason', 'gate-uses', 'model-bytes', 'latency-ms'] as const;

type Options = VerbInput['options'];

/** An option that has to be there. */
export function needed(options: Options, name: string): string {
  const given = options[name];
  if (given === undefined || given === '') throw new UsageError(`--${name} is missing`);
  return given;
}

function numberOf(options: Options, name: string, least: number): number | null {
  const given = options[name];
  if (given === undefined) return null;
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value < least) {
    throw new UsageError(`--${name} ${JSON.stringify(given)} is no number of at least ${least}`);
  }
  return value;
}

const REASONS = circumstancesSchema.shape.trigger;

/** What is known beside the files; of what is not told, nothing is assumed. */
function knownOf(options: Options): OfflineInput['known'] {
  const reason = REASONS.safeParse(options.reason ?? 'new_data');
  if (!reason.success) {
    throw new UsageError(`--reason ${JSON.stringify(options.reason)} is none of ${REASONS.options.join(', ')}`);
  }
  const uses = numberOf(options, 'gate-uses', 1) ?? 1;
  if (!Number.isInteger(uses)) throw new UsageError(`--gate-uses ${uses} is no whole number`);
  return {
    trigger: reason.data,
    gateUses: uses,
    modelBytes: numberOf(options, 'model-bytes', 0),
    latencyP95Ms: numberOf(options, 'latency-ms', 0),
  };
}

/** Judges files and says so: 0 promote, 1 hold or reject, 2 where the files could not be judged. */
export async function offlineAnswer(
  scores: Pick<OfflineInput, 'candidate' | 'champion' | 'anchor'>,
  { options, now }: Pick<VerbInput, 'options' | 'now'>,
): Promise<Answer> {
  const files = { ...scores, rows: needed(options, 'rows'), definition: needed(options, 'definition') };
  const known = knownOf(options);
  try {
    const judged = await judgeFiles({ ...files, known, now });
    const exit = judged.problem !== null ? 2 : judged.decision.outcome === 'promote' ? 0 : 1;
    return { exit, text: summary(judged), data: judged };
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    const { code, file, message, toDo } = error;
    return {
      exit: 2,
      text: `could not tell: ${message} (${code})\nwhat to do: ${toDo}`,
      data: { evaluation: null, decision: null, problem: { code, file, message, toDo } },
    };
  }
}
