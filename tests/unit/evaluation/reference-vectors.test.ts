import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import * as z from 'zod';

import { checkFile } from '../../../scripts/vectors/check.ts';

const FILES = [
  'binary_metrics',
  'calibration',
  'cbpe',
  'drift_categorical',
  'drift_numeric',
  'drift_profile',
  'fairness',
  'multiclass_metrics',
  'multiple_testing',
  'paired_tests',
  'ranking_metrics',
  'regression_metrics',
];

const textOf = (name: string): string => readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8');

const loose = z.looseObject({ cases: z.array(z.looseObject({ id: z.string(), expected: z.looseObject({}) })).min(1) });

/** The file with one figure of its first case replaced (or, where undefined, given besides). */
function altered(name: string, figure: string, value: unknown): string {
  const file = loose.parse(JSON.parse(textOf(name)));
  const [first] = file.cases;
  if (first !== undefined) first.expected[figure] = value;
  return JSON.stringify(file);
}

describe('the product against the reference numbers', () => {
  it.each(FILES)(
    'agrees with every figure of %s',
    (name) => {
      const checked = checkFile(`${name}.json`, textOf(name));

      expect(checked.failures).toEqual([]);
      expect(checked.passed).toBeGreaterThan(0);
    },
    30_000,
  );

  it('takes a file of a known subject under a longer name', () => {
    expect(checkFile('cbpe-more.json', textOf('cbpe'))).toMatchObject({ passed: 6, failed: 0 });
  });

  it.each(FILES)(
    'knows each case of %s by its input and figures in a file of any name',
    (name) => {
      const known = checkFile(`${name}.json`, textOf(name));

      for (const other of ['wind.json', '__proto__.json']) {
        expect(checkFile(other, textOf(name))).toMatchObject({ passed: known.passed, failed: 0, beside: known.beside });
      }
    },
    60_000,
  );
});

describe('a difference from the reference numbers', () => {
  it.each([
    ['cbpe', 'accuracy', 0.9],
    ['cbpe', 'roc_auc', null],
    ['fairness', 'passes_80_percent_rule', true],
    ['drift_categorical', 'psi', 0.1],
  ])('fails its case and is named by file, case and figure: %s %s', (name, figure, value) => {
    const checked = checkFile(`${name}.json`, altered(name, figure, value));

    expect(checked.failed).toBe(1);
    expect(checked.failures).toMatchObject([{ figure, expected: value }]);
  });

  it('is also a figure the product does not compute', () => {
    const checked = checkFile('cbpe.json', altered('cbpe', 'gini', 0.5));

    expect(checked.failures).toMatchObject([{ figure: 'gini', expected: 0.5, found: undefined }]);
  });

  it('is also a case said to be undefined that has figures', () => {
    const checked = checkFile('drift_numeric.json', altered('drift_numeric', 'undefined', 'no data'));

    expect(checked.failures).toMatchObject([{ figure: 'undefined', expected: 'no data' }]);
  });

  it.each([
    ['cbpe.json', '{', 'not JSON'],
    ['cbpe.json', '{"cases": []}', 'not in the format'],
  ])('is also a file that cannot be checked: %s', (name, text, why) => {
    const checked = checkFile(name, text);

    expect(checked).toMatchObject({ passed: 0, failed: 1 });
    expect(String(checked.failures[0]?.found)).toContain(why);
  });

  it('is also a case of a function the product does not have, which is named, and the other cases still run', () => {
    const file = loose.parse(JSON.parse(textOf('cbpe')));
    const [first] = file.cases;
    if (first !== undefined) Object.assign(first, { input: { wind: [1, 2] }, expected: { gustiness: 1 } });

    const checked = checkFile('wind.json', JSON.stringify(file));

    expect(checked).toMatchObject({ passed: 5, failed: 1 });
    expect(checked.failures).toMatchObject([
      { figure: 'function', found: 'no function of the product computes gustiness of wind' },
    ]);
  });

  it('is also a case the product refuses, and the other cases still run', () => {
    const file = loose.parse(JSON.parse(textOf('cbpe')));
    const [first] = file.cases;
    if (first !== undefined) first.input = { calibrated_proba: [1.5], threshold: 0.5 };

    const checked = checkFile('cbpe.json', JSON.stringify(file));

    expect(checked).toMatchObject({ passed: 5, failed: 1 });
    expect(checked.failures).toMatchObject([{ figure: 'input', found: '1.5 is not a probability' }]);
  });
});
