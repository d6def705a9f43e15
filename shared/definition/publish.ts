import type { Expression } from '../features/expression.ts';
import { columnsRead } from '../features/expression.ts';
import { parseExpression } from '../features/parse.ts';
import { digestOf } from './canonical-json.ts';
import type { PublishedDefinition } from './published.ts';

import type { ModelDefinition } from './schema.ts';

/** A column's own value, or the expression that is written for it. */
const expressionOf = ({ name, sql }: { readonly name: string; readonly sql: string | null }): Expression =>
  sql === null ? { op: 'column', name } : parseExpression(sql);

/** What the store keeps of a definition: its expressions parsed, and its digests. @throws ExpressionError */
export function publish(model: string, definition: ModelDefinition): PublishedDefinition {
  const { label, features } = definition.data;
  const expressions: PublishedDefinition['expressions'] = {
    label: expressionOf(label),
    features:
      features?.map((feature) => ({ name: feature.name, kind: feature.kind, expression: expressionOf(feature) })) ??
      null,
  };
  return {
    model,
    digest: digestOf({ definition: withoutUndefined(definition), expressions }),
    rulesDigest: digestOf(withoutUndefined(verdictTerms(definition, expressions))),
    definition,
    expressions,
  };
}

/** What a verdict depends on: the rules, what the label is, and which columns must be there in which role. */
function verdictTerms({ problem, data, evaluation }: ModelDefinition, expressions: PublishedDefinition['expressions']) {
  return {
    problem,
    source: data.source,
    rules: data.rules,
    label: expressions.label,
    time: data.time,
    key: data.key,
    entity: data.entity,
    weight: data.weight,
    protected: [...data.protected].sort(),
    // Where there are none the verdicts of before stand.
    ...(data.post_event.length > 0 && { postEvent: [...data.post_event].sort() }),
    features:
      expressions.features === null
        ? null
        : [...new Set(expressions.features.flatMap(({ expression }) => columnsRead(expression)))].sort(),
    slices: evaluation.slices.map(({ column }) => column).sort(),
    cluster: evaluation.cluster,
  };
}

/** JSON's view of a value: members that are absent are not there. */
const withoutUndefined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
