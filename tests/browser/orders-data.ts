/** A delivery of orders as its report tells it: rejected, with every kind of drawing. */
import type { DataReport } from '../../shared/report/data-report.ts';

type Column = DataReport['columns'][number];

const NOTHING = { nulls: 0, distinct: 2, min: null, max: null, mean: null, stdev: null, top: [] };
const NUMBERS = {
  ...NOTHING,
  type: 'number' as const,
  distinct: 4000,
  min: 0.5,
  max: 980,
  mean: 61,
  stdev: 48,
  zeros: 0,
  negatives: 0,
} satisfies Partial<Column>;

const price: Column = {
  ...NUMBERS,
  name: 'price',
  nulls: 40,
  quantiles: [
    [50, 5],
    [500, 50],
    [950, 150],
  ],
  histogram: { edges: [0, 50, 100, 150, 200], counts: [2400, 1600, 700, 240], below: 0, above: 20 },
};
const carrier: Column = {
  ...NOTHING,
  nulls: 120,
  name: 'carrier',
  type: 'string',
  distinct: 3,
  top: [
    ['road', 3000],
    ['air', 1500],
    ['sea', 500],
  ],
};
const day: Column = {
  ...NOTHING,
  name: 'day',
  type: 'date',
  distinct: 3,
  min: '2001-03-01',
  max: '2001-03-03',
  days: [
    ['2001-03-01', 2000],
    ['2001-03-02', 1000],
    ['2001-03-03', 2000],
  ],
};

/** What the browser is shown. */
export const ordersData: DataReport = {
  name: 'orders',
  dataset: '3f2a9c0b1d',
  sources: [{ key: 'incoming/orders/2001-03.csv', sizeBytes: 401_234 }],
  accepted: false,
  judgedAt: '2001-04-01T00:00:00.000Z',
  rows: 5000,
  problems: [{ code: 'cell_not_parsed', message: 'not a finite number', line: 12, column: 'price', count: 3 }],
  checks: [
    {
      rule: 'values_between',
      index: 0,
      column: 'price',
      severity: 'warn',
      result: 'warn',
      value: 0.98,
      threshold: '>= 0.99',
      evaluated: 4960,
      failed: 99,
      samples: [{ line: 4711 }],
      message: '99 of 4,960 values lie outside the limits; at least 0.99 of them must pass',
    },
  ],
  columns: [price, carrier, day],
  protectedColumns: [],
  before: { rows: 4000, columns: [{ ...price, nulls: 0, mean: 30 }, carrier] },
  label: {
    name: 'late',
    classes: [
      ['0', 4000],
      ['1', 1000],
    ],
    strengths: [
      { feature: 'price', strength: 0.42 },
      { feature: 'carrier', strength: 0.12 },
    ],
  },
  correlations: {
    columns: ['price', 'carrier'],
    rows: 5000,
    values: [
      [1, 0.3],
      [0.3, 1],
    ],
  },
};
