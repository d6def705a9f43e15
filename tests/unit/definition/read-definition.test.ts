import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DefinitionError, readDefinition } from '../../../shared/definition/read.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/definitions');
const read = (folder: string, file: string) => readFileSync(join(FIXTURES, folder, file), 'utf8');

/** What `read` refuses; fails when it refuses nothing. */
function problemsOf(text: string, file: string) {
  try {
    readDefinition(text, file);
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
  throw new Error(`${file} was taken`);
}

describe('readDefinition', () => {
  it.each(readdirSync(join(FIXTURES, 'good')))('takes %s', (file) => {
    const { model, definition } = readDefinition(read('good', file), `models/${file}`);
    expect(`${model}.yml`).toBe(file);
    expect(definition.retraining.cooldown).toBe(24 * 3_600_000);
  });

  it.each(readdirSync(join(FIXTURES, 'broken')))('refuses %s, naming line, path and what was expected', (file) => {
    // The file says itself what is expected: `# expect LINE PATH | part of the expectation`. Two files that end early
    // are wrong at the line of their first such comment.
    const text = read('broken', file);
    const expected = [...text.matchAll(/^# expect (\d+) (\S*) \| (.*)$/gm)].map(([, line, path, part]) => ({
      line: Number(line),
      path,
      part,
    }));

    const problems = problemsOf(text, `models/${file}`);

    expect(problems.map(({ line, path }) => ({ line, path }))).toEqual(
      expected.map(({ line, path }) => ({ line, path })),
    );
    problems.forEach((problem, i) => {
      expect(problem.expected).toContain(expected[i]?.part);
      expect(problem.file).toBe(`models/${file}`);
      expect(problem.found).not.toBe('');
    });
  });

  it('says file, line, column, path, found and expected in its message', () => {
    expect(() => readDefinition('problem: binary\ndata: { label: late }\napproval: maybe\n', 'models/x.yml')).toThrow(
      'models/x.yml:3:11 approval: found "maybe", expected one of automatic, manual',
    );
  });

  it('fills in every default of the smallest definition', () => {
    const { definition } = readDefinition(read('good', 'smallest.yml'), 'models/smallest.yml');
    expect(definition).toEqual({
      problem: 'regression',
      data: {
        source: { format: null, encoding: null, delimiter: null, comment: null, columns: {} },
        label: { name: 'price', sql: null },
        time: null,
        key: null,
        features: null,
        protected: [],
        post_event: [],
        rules: [],
        entity: null,
        weight: null,
        split: { validation: 0.1, gate: 0.2, embargo: 0, folds: null, max_shared: 0.001 },
      },
      training: {
        algorithm: 'xgboost',
        input: 'encoded',
        hyperparameters: { num_round: 100, max_depth: 6, eta: 0.1 },
        instance: ['ml.m5.xlarge'],
        spot: true,
        class_balance: 'none',
        max_runtime: 3_600_000,
      },
      evaluation: {
        metric: 'rmse',
        thresholds: {},
        threshold: null,
        confidence: 0.95,
        champion: { mode: 'non_inferior', margin: '2%' },
        anchor: { margin: '4%', past: 365 * 86_400_000 },
        refresh: 'reason',
        cluster: 'none',
        slices: [],
        fairness: [],
        limits: { model_bytes: null, latency_p95_ms: null },
        gate_uses: 20,
        suspicion: { jump: '30%', perfect: 0.99, flips: 0.1, giveaway: 0.98 },
      },
      approval: 'automatic',
      deployment: {
        existing: null,
        serverless: null,
        instance: 'ml.m5.large',
        count: 2,
        traffic: { type: 'canary', size: 10, wait: 600_000 },
        capture: 100,
      },
      monitoring: {
        window: 86_400_000,
        drift: { threshold: 0.1, min_rows: 100 },
        quality: { join: 'inference_id', label_delay: 86_400_000, baseline: null },
      },
      retraining: {
        on: ['new_data', 'drift', 'quality', 'age'],
        max_age: 30 * 86_400_000,
        cooldown: 86_400_000,
        min_new_labels: 1000,
        budget: { runs: 8, dollars: 50, per: 30 * 86_400_000 },
        data: { mode: 'sliding', window: 180 * 86_400_000 },
      },
    });
  });

  it('keeps num_round when other hyperparameters are given, because the image requires it', () => {
    const { definition } = readDefinition(
      'problem: binary\ndata: { label: late }\ntraining: { hyperparameters: { max_depth: 3 } }\n',
      'models/x.yml',
    );
    expect(definition.training.hyperparameters).toEqual({ num_round: 100, max_depth: 3 });
  });

  it('resolves YAML aliases, and does not unfold a bomb of them', () => {
    const bomb = [
      'a: &a [x]',
      ...Array.from(
        { length: 12 },
        (_, i) =>
          `b${i}: &b${i} [${Array(9)
            .fill(i === 0 ? '*a' : `*b${i - 1}`)
            .join(', ')}]`,
      ),
    ].join('\n');
    const { definition } = readDefinition(
      'problem: binary\ndata: { label: late, key: &k [day, place] }\nevaluation: { slices: *k }\n',
      'models/x.yml',
    );
    expect(definition.evaluation.slices.map(({ column }) => column)).toEqual(['day', 'place']);
    expect(problemsOf(bomb, 'models/x.yml')[0]?.expected).toContain('fewer aliases');
  });

  it('refuses a file beyond the limit unread', () => {
    expect(problemsOf(`# ${'x'.repeat(200_000)}`, 'models/x.yml')[0]?.expected).toBe('at most 200000');
  });
});
