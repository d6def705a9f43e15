/** A metric that is found in a container's log: the expression's first group is the number. */
export interface MetricDefinition {
  readonly name: string;
  readonly regex: string;
}

/** A value found in a log. */
export interface MetricValue {
  readonly name: string;
  readonly value: number;
  readonly atMs: number;
}

// The log agent writes control characters as # and three octal digits, a TAB as #011, and the built-in algorithms'
// expressions count on it (aws/sagemaker-xgboost-container, metrics.py).
const CONTROL = /\p{Cc}/gu;

// The built-in algorithms' `(\S+)` also takes in what follows behind a #011, the next metric: what counts is the number
// in front (*assumed*: with several metrics on a line AWS finds each).
const LEADING_NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i;

/** A line as the job's log shows it. */
export const asLogged = (line: string): string =>
  line.replace(CONTROL, (character) => `#${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

/** Finds metrics in a log, line by line. */
export const metricScraper = (definitions: readonly MetricDefinition[], found: (value: MetricValue) => void) => {
  const expressions = definitions.map(({ name, regex }) => ({ name, expression: new RegExp(regex) }));
  return (line: string, atMs: number): void => {
    for (const { name, expression } of expressions) {
      const number = LEADING_NUMBER.exec(expression.exec(line)?.[1] ?? '')?.[0];
      const value = number === undefined ? Number.NaN : Number(number);
      if (Number.isFinite(value)) found({ name, value, atMs });
    }
  };
};
