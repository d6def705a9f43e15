import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Model } from '../../../shared/xgboost/model.ts';
import { readModel, writeModel } from '../../../shared/xgboost/model-file.ts';

/** The image keeps this many (checkpointing.py, `max_to_keep`). */
const KEPT = 5;

const roundOf = (name: string): number | undefined => {
  const round = /^xgboost-checkpoint\.(\d+)$/.exec(name)?.[1];
  return round === undefined ? undefined : Number(round);
};

/**
 * The checkpoints of a training job, `xgboost-checkpoint.<round>`, as the image keeps them in the folder that
 * `checkpointconfig.json` names: one after each round, the newest five.
 */
export const openCheckpoints = (folder: string) => {
  mkdirSync(folder, { recursive: true });
  const rounds = (): number[] =>
    readdirSync(folder)
      .map(roundOf)
      .filter((round) => round !== undefined)
      .sort((left, right) => left - right);
  const pathOf = (round: number): string => join(folder, `xgboost-checkpoint.${round}`);
  return {
    /** The newest checkpoint; undefined if there is none. */
    latest: (): Model | undefined => {
      const newest = rounds().at(-1);
      return newest === undefined ? undefined : readModel(readFileSync(pathOf(newest)));
    },
    save: (round: number, model: Model): void => {
      // Renamed when whole: SageMaker uploads the folder while it is written to.
      const unfinished = `${pathOf(round)}.sagemaker-ignore`;
      writeFileSync(unfinished, writeModel(model, 'ubj'));
      renameSync(unfinished, pathOf(round));
      for (const old of rounds().slice(0, -KEPT)) rmSync(pathOf(old));
    },
  };
};
