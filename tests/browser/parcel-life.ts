import type { LifeReport } from '../../shared/report/life-report.ts';

const day = (n: number): string => new Date(Date.UTC(2001, 0, 25 + n)).toISOString();

/** A short life in which everything happens that a report shows. */
export const parcelLife: LifeReport = {
  model: 'parcel-late',
  asOf: day(10),
  reigns: [
    { run: '20010125-aaaaaaaaaa', since: day(0), until: day(4) },
    { run: '20010129-bbbbbbbbbb', since: day(4), until: null },
  ],
  incidents: [
    { at: day(4), kind: 'deployed', run: '20010129-bbbbbbbbbb', reasons: [] },
    {
      at: day(6),
      kind: 'retraining declined',
      run: null,
      reasons: [{ code: 'same_data', message: 'nothing new <to> learn from' }],
    },
  ],
  drift: [
    { start: day(0), end: day(1), run: 'a', outcome: 'measured', rows: 900, score: 0.4, columns: { weight: 0.4 } },
    { start: day(1), end: day(2), run: 'a', outcome: 'no_traffic', rows: 0, score: null, columns: {} },
    { start: day(2), end: day(3), run: 'a', outcome: 'measured', rows: 900, score: 250, columns: { weight: 250 } },
    { start: day(3), end: day(4), run: 'a', outcome: 'error', rows: 3, score: null, columns: {} },
  ],
  quality: [
    {
      start: day(0),
      end: day(1),
      run: 'a',
      metric: 'roc_auc',
      value: 0.61,
      interval: [0.58, 0.64],
      baseline: 0.66,
      degraded: true,
      coverage: 0.9,
      calibration: { predicted: 0.2, actual: 0.31 },
      estimate: 0.65,
    },
  ],
  distributions: {
    window: '28 January 2001',
    columns: [{ column: 'carrier', bins: [{ name: 'a"b', baseline: 0.4, window: 0.6 }] }],
  },
};
