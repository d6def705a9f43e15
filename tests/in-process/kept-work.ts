/** The arithmetic of the steps whose answers are kept: see `kept-answers.ts`. */
import { predictionBaseline } from '../../functions/evaluate-model/prediction-baseline.ts';
import { evaluateGate } from '../../shared/evaluation/evaluate-gate.ts';
import { factText } from '../../shared/ledger/ledger.ts';
import { runReport } from '../../shared/report/run-report.ts';
import { contentOf, createKept, kept } from './kept-answers.ts';

/** What `evaluate-model` works out of the gate rows and their scores. */
export const keptJudging = { evaluate: kept(evaluateGate), profileScores: kept(predictionBaseline) };

/** What `gate-model` draws of a run. */
export const keptRunReport = kept(runReport);

const factTexts = new WeakMap<object, ReturnType<typeof createKept<string>>>();

/** Facts that a schema has checked and written out before. */
export const keptFactText: typeof factText = (schema, fact) => {
  const known = factTexts.get(schema) ?? createKept<string>();
  factTexts.set(schema, known);
  const content = contentOf(fact);
  return known.get(content) ?? known.keep(content, factText(schema, fact));
};
