import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

import type { Dataset } from '../../../local/containers/xgboost/boosting.ts';
import { createRandom } from '../../../local/containers/xgboost/random.ts';
import type { Matrix } from '../../../shared/xgboost/predict.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'fixtures', 'xgboost');
const Data = z.object({ rows: z.number(), columns: z.number(), values: z.array(z.number().nullable()) });
const Expected = z.object({
  attributes: z.record(z.string(), z.string()),
  margins: z.array(z.number()),
  answers: z.array(z.number()),
});

export const VERSIONS = ['1.7.4', '3.0.5', '3.2.0'] as const;
export const KINDS = ['binary', 'regression', 'multiclass', 'parallel'] as const;

/** The rows that real XGBoost was recorded on. */
export const recordedData = (): Matrix => {
  const { rows, columns, values } = Data.parse(JSON.parse(readFileSync(join(FOLDER, 'data.json'), 'utf8')));
  return { rows, columns, values: Float32Array.from(values, (value) => value ?? Number.NaN) };
};

/** A model that real XGBoost saved, and what it predicted with it. */
export const recordedModel = (kind: (typeof KINDS)[number], version: (typeof VERSIONS)[number]) => {
  const stem = join(FOLDER, `${kind}-${version}`);
  return {
    ubj: new Uint8Array(readFileSync(`${stem}.ubj`)),
    json: new Uint8Array(readFileSync(`${stem}.json`)),
    expected: Expected.parse(JSON.parse(readFileSync(`${stem}.expected.json`, 'utf8'))),
  };
};

/** Rows whose label follows from the features, with noise and missing values; the same for the same seed. */
export const madeData = (
  rows: number,
  columns: number,
  options: { seed?: number; distinct?: number; missing?: number; kind?: 'binary' | 'regression' | 'multiclass' } = {},
): Dataset => {
  const { seed = 1, distinct = 40, missing = 0.1, kind = 'binary' } = options;
  const random = createRandom(seed);
  const values = new Float32Array(rows * columns);
  const labels = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let signal = 0;
    for (let column = 0; column < columns; column++) {
      const value = Math.floor(random.next() * distinct) / distinct;
      values[row * columns + column] = random.chance(missing) ? Number.NaN : value;
      signal += (value - 0.5) * (column % 2 === 0 ? 1 : -0.5);
    }
    signal += (random.next() - 0.5) * 0.5;
    if (kind === 'regression') labels[row] = 10 + signal;
    else if (kind === 'multiclass') labels[row] = signal < -0.3 ? 0 : signal < 0.3 ? 1 : 2;
    else labels[row] = signal > 0 ? 1 : 0;
  }
  return { features: { rows, columns, values }, labels, weights: undefined };
};
