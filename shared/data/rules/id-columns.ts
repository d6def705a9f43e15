/** Which columns only say which row it is. */
import { clusterColumn } from '../../definition/cluster.ts';
import type { PublishedDefinition } from '../../definition/published.ts';
import { columnsRead } from '../../features/expression.ts';

/**
 * The columns of the declared key that the definition names for nothing else, as it spells them: a number of an order, but
 * not the day of a flight, by which rows are split, too. Rows that differ in nothing but these are one row twice.
 */
export function idColumns({ definition: { data, evaluation }, expressions }: PublishedDefinition): string[] {
  const others = [
    ...columnsRead(expressions.label),
    ...(expressions.features ?? []).flatMap(({ expression }) => columnsRead(expression)),
    data.time,
    data.entity,
    data.weight,
    ...data.protected,
    ...evaluation.slices.map(({ column }) => column),
    clusterColumn(evaluation.cluster),
  ];
  const named = new Set(others.flatMap((name) => name?.toLowerCase() ?? []));
  return (data.key ?? []).filter((name) => !named.has(name.toLowerCase()));
}
