/** The arithmetic of the steps whose answers are kept: see `kept-answers.ts`. */
import { predictionBaseline } from '../../functions/evaluate-model/prediction-baseline.ts';
import { evaluateGate } from '../../shared/evaluation/evaluate-gate.ts';
import { kept } from './kept-answers.ts';

/** What `evaluate-model` works out of the gate rows and their scores. */
export const keptJudging = { evaluate: kept(evaluateGate), profileScores: kept(predictionBaseline) };
