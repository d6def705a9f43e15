/** Judges files of scores as the loop judges a run's candidate: with no deployment, no account and no network. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { forClasses } from '../../functions/evaluate-model/read-gate-scores.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { policyOf } from '../../shared/definition/policy.ts';
import type { Circumstances } from '../../shared/evaluation/circumstances.ts';
import { type Decision, decide } from '../../shared/evaluation/decision.ts';
import { evaluateGate } from '../../shared/evaluation/evaluate-gate.ts';
import type { Evaluation } from '../../shared/evaluation/evaluation.ts';
import { readDefinitionFile } from './definition-file.ts';
import { readRows, readRowsTable } from './read-rows.ts';
import { checkSameRows, readScoresFile, type ScoresFile } from './read-scores.ts';

/** The files, as they were named, and what is known beside them. */
export interface OfflineInput {
  readonly definition: string;
  readonly rows: string;
  readonly candidate: string;
  readonly champion: string | null;
  readonly anchor: string | null;
  readonly known: Pick<Circumstances, 'trigger' | 'gateUses' | 'modelBytes' | 'latencyP95Ms'>;
  readonly now: Date;
}

/** What came of it; `problem` where the files could not be judged, and the decision then lets nothing pass. */
export interface Judged {
  readonly evaluation: Evaluation;
  readonly decision: Omit<Decision, 'decidedAt'>;
  readonly problem: { readonly code: string; readonly file: string; readonly message: string } | null;
}

/** DuckDB spills beyond it. */
const MEMORY_LIMIT_MB = 1024;

/** All classes any of the models has a score for, the candidate's first. */
const classesOf = (files: readonly (ScoresFile | null)[]): readonly string[] | null => {
  const found = new Set(files.flatMap((of) => of?.classes ?? []));
  return found.size === 0 ? null : [...found];
};

/** A model that tells nothing apart is judged, and judged bad; every other refusal is of the files. */
const VERDICTS: ReadonlySet<string> = new Set(['all_ties']);

function problemOf({ candidate, champion, anchor }: Evaluation, files: OfflineInput): Judged['problem'] {
  const sides = [
    [candidate, files.candidate],
    [champion, files.champion],
    [anchor, files.anchor],
  ] as const;
  for (const [side, file] of sides) {
    if (side?.outcome !== 'refused' || VERDICTS.has(side.code)) continue;
    return { code: side.code, file: file ?? '', message: side.message };
  }
  return null;
}

/**
 * Judges a candidate, with a champion and an anchor where there are files of theirs.
 *
 * @throws InputProblem where a file cannot be read as what it is to be
 */
export async function judgeFiles(input: OfflineInput): Promise<Judged> {
  const { model, definition } = await readDefinitionFile(input.definition);
  const { problem } = definition;
  const directory = await mkdtemp(join(tmpdir(), 'millrace-offline-'));
  const engine = await openEngine({ memoryLimitMb: MEMORY_LIMIT_MB, tempDirectory: directory });
  try {
    const table = await readRowsTable(engine, input.rows, directory, definition);
    const scoresOf = async (file: string | null): Promise<ScoresFile | null> => {
      if (file === null) return null;
      const read = await readScoresFile(engine, file, directory, problem);
      await checkSameRows(engine, read.table, table);
      return read;
    };
    const candidate = await scoresOf(input.candidate);
    const champion = await scoresOf(input.champion);
    const anchor = await scoresOf(input.anchor);
    if (candidate === null) throw new RangeError('there is no candidate');
    const rows = await readRows(engine, table, directory, definition, classesOf([candidate, champion, anchor]));
    const other = (run: string, of: ScoresFile | null) =>
      of === null ? null : { run, scores: forClasses(of.scores, rows.classes) };
    const policy = policyOf(definition);
    const run = 'candidate';
    const { evaluation } = evaluateGate({
      model,
      run,
      problem,
      rows,
      policy,
      candidate: forClasses(candidate.scores, rows.classes),
      champion: other('champion', champion),
      anchor: other('anchor', anchor),
      evaluatedAt: input.now,
    });
    // Files say nothing of the champion's age or of single features; what is not known speaks for no change.
    const circumstances: Circumstances = { model, run, ...input.known, champion: null, strongestFeatures: [] };
    const decided = decide({ evaluation, circumstances, policy });
    return {
      evaluation,
      decision: { model, run, ...decided, policy },
      problem: problemOf(evaluation, input),
    };
  } finally {
    engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}
