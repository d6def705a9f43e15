/** Columns of a drafted definition that tell the label by themselves: a question for whoever knows when they are written. */
import { giveawaysOf } from '../../shared/data/rules/label-checks.ts';
import { labelStrengths } from '../../shared/data/rules/label-evidence.ts';
import { publish } from '../../shared/definition/publish.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import type { ReadDefinition } from '../../shared/definition/read.ts';
import { InputMismatchError, type ResolvedInput, resolveInput } from '../../shared/definition/resolve.ts';
import { columnsRead } from '../../shared/features/expression.ts';
import type { Seen, ValueCount } from './seen.ts';

/** A column that a feature is made of which alone gives the label away, and how well. */
export interface Giveaway {
  readonly column: string;
  readonly evidence: string;
}

/**
 * Finds them as the rule `no_leakage` does. A time that rows are split by is none: it cannot be taken for what is known
 * only afterwards.
 *
 * @param labelCounts rows of each class; null where the label has too many values to be classes
 */
export async function findGiveaways(
  { engine, dataset }: Pick<Seen, 'engine' | 'dataset'>,
  { model, definition }: ReadDefinition,
  labelCounts: readonly ValueCount[] | null,
): Promise<Giveaway[]> {
  const published = publish(model, definition);
  const { problem, data } = definition;
  const input = inputOf(published, dataset.columns);
  if (input === undefined) return [];
  const { strengths } = await labelStrengths(engine, { problem, parts: dataset.parts, input, classes: labelCounts });
  const found = giveawaysOf({ problem, strengths: strengths ?? [] });
  const made = new Map(published.expressions.features?.map(({ name, expression }) => [name, columnsRead(expression)]));
  return found.flatMap(({ feature, evidence }) =>
    (made.get(feature) ?? []).filter((column) => column !== data.time).map((column) => ({ column, evidence })),
  );
}

/** Undefined where the file does not fit its own draft: what is wrong is told when it is checked by it. */
function inputOf(published: PublishedDefinition, columns: Seen['dataset']['columns']): ResolvedInput | undefined {
  try {
    return resolveInput(published, columns);
  } catch (error) {
    if (!(error instanceof InputMismatchError)) throw error;
    return undefined;
  }
}
