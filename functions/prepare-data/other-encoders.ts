/** How an earlier model reads the gate rows: with its own features and dictionary. */
import { inputEncoder, type RunInput, runInputSchema } from '../../shared/data/run-input.ts';
import { digestOf } from '../../shared/definition/canonical-json.ts';
import { columnsResolved } from '../../shared/features/check.ts';
import { ExpressionError } from '../../shared/features/expression.ts';
import { preparedSchema, type RunPlan, type SplitMethod } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { championExposure } from './champion-exposure.ts';
import type { OtherEncoder } from './write-splits.ts';

/** How an earlier run's models read these rows, or why they cannot be compared with. */
export type OtherModels =
  | {
      readonly outcome: 'comparable';
      /** What the run's models were trained on. */
      readonly input: RunInput;
      /** The model that serves, or served. */
      readonly whole: OtherEncoder;
      /** With folds, the model that never saw each of them. */
      readonly folds: readonly OtherEncoder[];
    }
  | { readonly outcome: 'not_comparable'; readonly message: string };

const notComparable = (message: string): OtherModels => ({ outcome: 'not_comparable', message });

/** The encoders of an earlier run's models for a run's rows. */
export async function otherEncoders(
  ledger: Ledger,
  { model, cut }: RunPlan,
  { run, role }: { readonly run: string; readonly role: 'champion' | 'anchor' },
  candidate: RunInput,
  split: SplitMethod,
): Promise<OtherModels> {
  const [input, prepared] = await Promise.all([
    ledger.read(runInputSchema, keys.runInput(model, run)),
    ledger.read(preparedSchema, keys.prepared(model, run)),
  ]);
  const meaning = ({ problem, label }: RunInput) => digestOf({ problem, expression: label.expression });
  if (meaning(input) !== meaning(candidate)) {
    return notComparable(`the meaning of the label has changed since the ${role} was trained`);
  }
  const seen = championExposure(
    { split, columnTypes: candidate.columnTypes },
    { split: prepared.split, trainedBefore: prepared.trainedBefore, columnTypes: input.columnTypes },
    cut,
  );
  if (seen !== null) return notComparable(seen);
  const folds = split.by === 'folds' ? Array.from({ length: split.folds }, (_, index) => index + 1) : [];
  const inputs = await Promise.all(folds.map((fold) => ledger.read(runInputSchema, keys.foldInput(model, run, fold))));
  try {
    return {
      outcome: 'comparable',
      input,
      whole: encoderOf(input, candidate.columnTypes),
      folds: inputs.map((ofFold) => encoderOf(ofFold, candidate.columnTypes)),
    };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return notComparable(`the ${role} cannot read these rows: ${error.message}`);
  }
}

/** How a model of this input reads rows of these columns. @throws ExpressionError where it cannot. */
export const encoderOf = (input: RunInput, columnTypes: RunInput['columnTypes']): OtherEncoder => ({
  encode: inputEncoder(input, columnTypes),
  columns: input.features.flatMap(({ expression }) => columnsResolved(expression, columnTypes)),
});
