import { describe, expect, it } from 'vitest';

import { policyOf } from '../../../shared/definition/policy.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { resolveInput } from '../../../shared/definition/resolve.ts';
import { normalDefinitionSchema } from '../../../shared/definition/schema.ts';
import { policySchema } from '../../../shared/evaluation/policy.ts';

const definitionOf = (evaluation: string, problem = 'binary', data = 'label: late') =>
  readDefinition(`problem: ${problem}\ndata: { ${data} }\nevaluation: ${evaluation}\n`, 'models/x.yml').definition;

describe('the policy of a definition', () => {
  it('fills in what a definition leaves open', () => {
    const policy = policyOf(definitionOf('{}'));

    expect(policySchema.parse(policy)).toEqual(policy);
    expect(policy).toMatchObject({
      metric: 'roc_auc',
      operatingPoint: 0.5,
      confidence: 0.95,
      relativeMargins: false,
      champion: { mode: 'non_inferior', margin: 0.01 },
      anchor: { margin: 0.02, pastMs: 365 * 86_400_000 },
      refresh: 'reason',
      gateUses: 20,
      suspicion: { jump: 0.1, perfect: 0.99, flips: 0.1, giveaway: 0.98 },
    });
  });

  it('takes the margins of losses as shares', () => {
    expect(policyOf(definitionOf('{}', 'regression'))).toMatchObject({
      metric: 'rmse',
      relativeMargins: true,
      champion: { margin: 0.02 },
      anchor: { margin: 0.04 },
      suspicion: { jump: 0.3 },
    });
    expect(policyOf(definitionOf('{ champion: { margin: 3 } }', 'regression'))).toMatchObject({
      relativeMargins: false,
      champion: { margin: 3 },
      anchor: { margin: 6 },
      suspicion: { jump: null },
    });
  });

  it('gives slices the margin of the champion, and protected columns the four-fifths rule', () => {
    const definition = definitionOf(
      '{ champion: { margin: 0.03 }, slices: [place, { column: line, margin: 0.05, required: true, min_rows: 50 }] }',
      'binary',
      'label: late, protected: [sex]',
    );

    expect(policyOf(definition)).toMatchObject({
      slices: [
        { column: 'place', margin: 0.03, required: false, minRows: 100, minPositives: 20 },
        { column: 'line', margin: 0.05, required: true, minRows: 50, minPositives: 20 },
      ],
      fairness: [{ column: 'sex', limits: { demographic_parity_ratio: 0.8 }, required: false }],
    });
  });

  it('asks for no anchor where nothing is compared, and judges no fairness where it is turned off', () => {
    const definition = definitionOf(
      '{ champion: { mode: threshold }, thresholds: { roc_auc: 0.6 }, fairness: [] }',
      'binary',
      'label: late, protected: [sex]',
    );

    expect(policyOf(definition)).toMatchObject({ anchor: null, fairness: [] });
  });

  it.each([
    ['where rows have a time', 'label: late, time: at', 'day'],
    ['where they have an entity', 'label: late, entity: customer', 'customer'],
    ['where the entity is called like a block of time', 'label: late, entity: day', { column: 'day' }],
    ['where they have neither', 'label: late', 'none'],
  ])('takes rows for what moves together %s', (_what, data, cluster) => {
    expect(definitionOf('{}', 'binary', data).evaluation.cluster).toEqual(cluster);
  });

  it.each([
    ['week', { block: 'week' }],
    ['{ column: week }', { column: 'week' }],
    ['{ column: customer }', { column: 'customer' }],
    ['none', null],
    ['{ column: none }', { column: 'none' }],
  ] as const)('takes cluster: %s for what it says', (written, resolved) => {
    const definition = definitionOf(`{ cluster: ${written} }`, 'binary', 'label: late, time: at, features: [a]');

    const input = resolveInput(publish('m', definition), [
      { name: 'late', type: 'boolean' },
      { name: 'at', type: 'timestamp' },
      { name: 'a', type: 'number' },
      { name: 'week', type: 'string' },
      { name: 'customer', type: 'string' },
      { name: 'none', type: 'string' },
    ]);

    expect(input.cluster).toEqual(resolved);
  });

  it('says a column by its name alone where nothing else can be meant, so that one definition has one digest', () => {
    const [short, long] = ['customer', '{ column: customer }'].map(
      (written) => publish('m', definitionOf(`{ cluster: ${written} }`, 'binary', 'label: late')).digest,
    );

    expect(long).toBe(short);
  });

  it('is the same after the definition was published', () => {
    const definition = definitionOf('{ slices: [place], anchor: null }', 'regression', 'label: price, time: at');

    expect(normalDefinitionSchema.parse(JSON.parse(JSON.stringify(definition)))).toEqual(definition);
  });
});
