/**
 * The packaged template on a cloud in this process, with the steps called in place of their packages and a model that
 * needs no training: for tests that need many whole runs. A fresh world costs little.
 */
import './settings.ts';

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import { type CloudOptions, createCloud } from '../../local/cloud.ts';
import type { ContainerImage } from '../../local/contracts.ts';
import type { InProcessFunctions } from '../../local/in-process/environment.ts';
import { grantWatchedBuckets } from '../../scripts/watched-buckets.cjs';
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
  /** Of `platform.yml`: how many bytes of parts one function reads. */
  readonly sideBySideBytes?: number;
  /** Of `platform.yml`: buckets that endpoints from elsewhere capture into. */
  readonly watchedBuckets?: readonly string[];
  /** Buckets of others in the same account. */
  readonly foreignBuckets?: readonly string[];
  /** What the functions are wrapped in. */
  readonly functions?: (steps: InProcessFunctions) => InProcessFunctions;
}

/** The packaged template, as it is packaged where the platform has buckets watched, with buckets of others beside it. */
const templateWith = async (
  { watchedBuckets = [], foreignBuckets = [], sideBySideBytes }: InProcessWorldOptions,
  folder: string,
): Promise<string> => {
  if (watchedBuckets.length === 0 && foreignBuckets.length === 0 && sideBySideBytes === undefined) return TEMPLATE;
  const template = JSON.parse(await readFile(TEMPLATE, 'utf8'));
  if (sideBySideBytes !== undefined) {
    const { Environment } = template.Resources.ValidateDataLambdaFunction.Properties;
    Environment.Variables.SIDE_BY_SIDE_BYTES = String(sideBySideBytes);
  }
  grantWatchedBuckets(template.Resources, watchedBuckets);
  for (const [at, BucketName] of foreignBuckets.entries()) {
    template.Resources[`ForeignBucket${at}`] = { Type: 'AWS::S3::Bucket', Properties: { BucketName } };
  }
  const path = join(folder, 'template.json');
  await writeFile(path, JSON.stringify(template));
  return path;
};

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
  const folder = await mkdtemp(join(tmpdir(), 'template-'));
  try {
    const { outputs } = await cloud.deploy({
      template: await templateWith(options, folder),
      artifacts: '.serverless',
      layers: { [`millrace-${STAGE}-engine`]: resolve('dist/layers/engine-local') },
      stack: `millrace-${STAGE}`,
    });
    const { s3, events, sqs, sns, lambda, sageMaker } = clientsOn(cloud.client());
    const ledger = ledgerOn(s3ObjectStore(outputs.StoreBucketName ?? '', s3));
    for (const definition of published) await putInForce(ledger, definition, cloud.clock.now());
    return worldOn({ cloud, outputs }, ledger, { s3, events, sqs, sns, lambda, sageMaker });
  } catch (error) {
    await cloud.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
