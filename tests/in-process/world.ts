/**
 * The packaged template on a cloud in this process, with the steps called in place of their packages and a model that
 * needs no training: for tests that need many whole runs. A fresh world costs little.
 */
import './settings.ts';

import { resolve } from 'node:path';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import { type CloudOptions, createCloud } from '../../local/cloud.ts';
import type { ContainerImage } from '../../local/contracts.ts';
import type { InProcessFunctions } from '../../local/in-process/environment.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { type World, worldOn } from '../loop/world.ts';
import { clientsOn } from './clients.ts';
import { fixedModel } from './fixed-model.ts';
import { stepsOf } from './steps.ts';

const TEMPLATE = '.serverless/cloudformation-template-update-stack.json';
const MODELS = 'tests/fixtures/loop/models';
const STAGE = 'dev';
const definitions = new Map<string, Promise<PublishedDefinition>>();

/** Reading a definition takes longer than a run: each is read once. */
const definitionOf = (model: string): Promise<PublishedDefinition> => {
  const known = definitions.get(model);
  if (known) return known;
  const read = readPublications([`${MODELS}/${model}.yml`]).then(([publication]) => {
    if (!publication) throw new Error(`no definition of ${model}`);
    return publication.published;
  });
  definitions.set(model, read);
  return read;
};

export interface InProcessWorldOptions {
  /** Models of `tests/fixtures/loop/models`. */
  readonly models: readonly string[];
  readonly start: string;
  readonly cloud?: Omit<CloudOptions, 'functions' | 'images' | 'objects' | 'start'>;
  /** In place of the model that is the same for everybody. */
  readonly image?: ContainerImage;
  /** What the functions are wrapped in. */
  readonly functions?: (steps: InProcessFunctions) => InProcessFunctions;
}

/** Starts a cloud without functions of its own processes, with the template deployed and models published. */
export const startInProcessWorld = async (options: InProcessWorldOptions): Promise<World> => {
  const published = await Promise.all(options.models.map(definitionOf));
  const steps = stepsOf(STAGE);
  const cloud = await createCloud({
    ...options.cloud,
    start: new Date(options.start),
    functions: options.functions?.(steps) ?? steps,
    images: [options.image ?? fixedModel],
    objects: 'memory',
  });
  try {
    const { outputs } = await cloud.deploy({
      template: TEMPLATE,
      artifacts: '.serverless',
      layers: { [`millrace-${STAGE}-engine`]: resolve('dist/layers/engine-local') },
      stack: `millrace-${STAGE}`,
    });
    const clients = clientsOn(cloud.client());
    const ledger = ledgerOn(s3ObjectStore(outputs.StoreBucketName ?? '', clients.s3));
    for (const definition of published) await putInForce(ledger, definition, cloud.clock.now());
    return worldOn({ cloud, outputs }, ledger, clients);
  } catch (error) {
    await cloud.close();
    throw error;
  }
};
