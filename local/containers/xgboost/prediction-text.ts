import { shortestFloat32 } from '../../../shared/xgboost/float-text.ts';

/**
 * A number as Python prints it: always with a point or an exponent, in scientific notation below 1e-4 and from 1e16 on
 * (https://docs.python.org/3/library/functions.html#repr, format `r`).
 */
export const pythonFloat = (value: number): string => {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e');
    const digits = exponent.slice(1).padStart(2, '0');
    return `${mantissa}e${exponent[0]}${digits}`;
  }
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('.') ? text : `${text}.0`;
};

/** Predictions of each row, one number or, for `multi:softprob`, one per class. */
export interface Predictions {
  readonly values: Float32Array;
  readonly perRow: number;
}

const rowsOf = ({ values, perRow }: Predictions, print: (value: number) => string): string[][] =>
  Array.from({ length: values.length / perRow }, (_, row) =>
    Array.from(values.subarray(row * perRow, (row + 1) * perRow), print),
  );

/**
 * `text/csv`: a row per line, with a newline at the end. Real-time answers print the float32 itself (numpy's `%s`), batch
 * answers the double that Python's `tolist()` makes of it (algorithm_mode/serve.py); *assumed* for 3.0-5.
 */
export const csvAnswer = (predictions: Predictions, isBatch: boolean): string => {
  const print = isBatch ? pythonFloat : (value: number) => pythonFloat(shortestFloat32(value));
  return rowsOf(predictions, print)
    .map((row) => `${row.join(',')}\n`)
    .join('');
};

const scores = (predictions: Predictions): string[] =>
  rowsOf(predictions, pythonFloat).map((row) => `{"score": ${row.length === 1 ? row[0] : `[${row.join(', ')}]`}}`);

/** `application/json`: `{"predictions": [{"score": 0.5}]}`, spaced as Python's `json.dumps` does. */
export const jsonAnswer = (predictions: Predictions): string => `{"predictions": [${scores(predictions).join(', ')}]}`;

/** `application/jsonlines`: `{"score": 0.5}` per line. */
export const jsonLinesAnswer = (predictions: Predictions): string =>
  scores(predictions)
    .map((score) => `${score}\n`)
    .join('');
