import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';
import * as z from 'zod';

import { measure } from '../../../shared/evaluation/metrics.ts';
import { expectFigures } from './vectors.ts';

const SCRIPT = fileURLToPath(new URL('../../oracle/sklearn_metrics.py', import.meta.url));
const answers = z.object({
  version: z.string(),
  figures: z.array(z.record(z.string(), z.number().nullable())),
});

/** Park and Miller's minimal standard generator: the same cases on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function cases() {
  return [1, 2, 3, 4, 5, 6].map((seed) => {
    const next = random(seed * 7919);
    const rows = [50, 400, 3000][seed % 3] ?? 50;
    // Odd seeds round to float32 or to tenths, so that ties are common.
    const shaped = (score: number): number =>
      seed % 2 === 0 ? score : seed === 1 ? Math.fround(score) : Math.round(score * 10) / 10;
    const scores = Array.from({ length: rows }, () => shaped(next()));
    const weights = seed > 3 ? Array.from({ length: rows }, () => Math.round(next() * 8)) : null;
    return [
      {
        problem: 'binary' as const,
        threshold: 0.3,
        scores,
        weights,
        labels: scores.map((score) => (next() < score ? 1 : 0)),
      },
      {
        problem: 'regression' as const,
        threshold: 0.5,
        scores,
        weights,
        labels: scores.map((score) => score + next()),
      },
    ];
  });
}

describe('the figures of any scores', () => {
  it('are those of scikit-learn, with and without weights', () => {
    const asked = cases().flat();
    const python = spawnSync('python3', [SCRIPT], { input: JSON.stringify(asked), encoding: 'utf8' });
    if (python.error !== undefined || /No module named/.test(python.stderr)) {
      console.info('scikit-learn is not here; only the recorded vectors were checked');
      return;
    }
    expect(python.status, python.stderr).toBe(0);
    const { figures } = answers.parse(JSON.parse(python.stdout));

    const ours = asked.map(({ problem, threshold, labels, scores, weights }) =>
      measure({
        problem,
        operatingPoint: threshold,
        labels: Float64Array.from(labels),
        answers: [Float64Array.from(scores)],
        weights: weights === null ? undefined : Float64Array.from(weights),
      }),
    );

    expect(figures).toHaveLength(asked.length);
    ours.forEach((measured, at) => {
      expectFigures(measured.figures, figures[at] ?? {}, { abs: 1e-9, rel: 1e-9 });
    });
  });
});
