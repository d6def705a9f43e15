import * as z from 'zod';

import { type Difference, differences, type Figures } from './compare.ts';
import * as evaluation from './evaluation-subjects.ts';
import * as monitoring from './monitoring-subjects.ts';
import { parseReferenceFile, type ReferenceCase } from './reference-file.ts';

interface Subject {
  readonly compute: (reference: ReferenceCase) => Figures;
  /** Figures a file gives beside those of the product, and why they are not computed. */
  readonly beside?: Readonly<Record<string, string>>;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  binary_metrics: { compute: evaluation.binary },
  multiclass_metrics: { compute: evaluation.multiclass },
  regression_metrics: {
    compute: evaluation.regression,
    beside: { mape_sklearn: 'divides by 2.2e-16 where the truth is zero' },
  },
  ranking_metrics: { compute: evaluation.ranking },
  calibration: { compute: evaluation.calibration },
  cbpe: { compute: monitoring.cbpe, beside: { realized: 'needs the labels, which the input does not have' } },
  drift_numeric: {
    compute: monitoring.numeric,
    beside: {
      'ks.p_exact': 'p_stephens is the one to compute',
      'ks.p_scipy_asymp': 'p_stephens is the one to compute',
    },
  },
  drift_categorical: { compute: monitoring.categorical },
  drift_profile: { compute: monitoring.profile },
  paired_tests: {
    compute: evaluation.paired,
    beside: { 'bootstrap_stratified_crosscheck.iterations': 'says how the reference was drawn' },
  },
  fairness: {
    compute: evaluation.fairness,
    beside: { 'clarify.smclarify_value_where_we_return_null': 'what another tool answers' },
  },
  multiple_testing: { compute: evaluation.multipleTesting },
};

/** What became of a file's cases; a file that cannot be read is one failure. */
export interface Checked {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly (Difference & { readonly case: string })[];
  /** Figures in the file that are none of the product's, with the reason. */
  readonly beside: Readonly<Record<string, string>>;
}

/** `paired_tests.json`, and `paired_tests-more.json` or `paired_tests.more.json`, are about paired tests. */
function subjectNamed(file: string): Subject | undefined {
  const [, name = ''] = /^([a-z_]+?)([-.][^/]*)?\.json$/.exec(file) ?? [];
  return Object.hasOwn(SUBJECTS, name) ? SUBJECTS[name] : undefined;
}

const isRefusal = (error: unknown): error is z.ZodError | RangeError =>
  error instanceof z.ZodError || error instanceof RangeError;

/** Whether a subject takes the case's input and computes every figure it expects. */
function fits({ compute, beside = {} }: Subject, reference: ReferenceCase): boolean {
  try {
    const found = compute(reference);
    return Object.keys(reference.expected).every((name) => Object.hasOwn(found, name) || Object.hasOwn(beside, name));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return false;
  }
}

/** In a file of another name each case says by its input and its figures what it is about. */
const subjectOf = (file: string, reference: ReferenceCase): Subject | undefined =>
  subjectNamed(file) ?? Object.values(SUBJECTS).find((subject) => fits(subject, reference));

const messageOf = (error: z.ZodError | RangeError): string =>
  error instanceof z.ZodError ? z.prettifyError(error) : error.message;

/** Holds every case of a file of reference numbers against the product's own functions. */
export function checkFile(file: string, text: string): Checked {
  const unusable = (why: string): Checked => ({
    file,
    passed: 0,
    failed: 1,
    failures: [{ case: '-', figure: 'file', expected: 'reference numbers', found: why }],
    beside: {},
  });
  const reference = parseReferenceFile(text);
  if (typeof reference === 'string') return unusable(reference);
  const notCompared: Record<string, string> = {};
  const failures = reference.cases.map((one): Checked['failures'] => {
    const subject = subjectOf(file, one);
    if (subject === undefined) {
      const [input, figures] = [Object.keys(one.input).join(', '), Object.keys(one.expected).join(', ')];
      const found = `no function of the product computes ${figures} of ${input}`;
      return [{ case: one.id, figure: 'function', expected: 'a known function', found }];
    }
    const { compute, beside = {} } = subject;
    Object.assign(notCompared, beside);
    const tolerances = { byDefault: reference.default_tolerance, loosened: one.tolerance, note: one.note };
    const compared = (): Difference[] => {
      try {
        return differences(one.expected, compute(one), tolerances, (path) => Object.hasOwn(beside, path));
      } catch (error) {
        // A case the product refuses has failed, and the rest still runs; anything else is a bug and ends the run.
        if (!isRefusal(error)) throw error;
        return [{ figure: 'input', expected: 'figures', found: messageOf(error) }];
      }
    };
    return compared().map((difference) => ({ ...difference, case: one.id }));
  });
  const failed = failures.filter((of) => of.length > 0).length;
  return { file, passed: failures.length - failed, failed, failures: failures.flat(), beside: notCompared };
}
