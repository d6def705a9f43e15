import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { createCloud, type DeployedStack, type LocalCloud } from '../../local/cloud.ts';
import { findPlace, type Place } from '../place.ts';
import { readPlatform } from '../platform.ts';
import { putInForce, readPublications } from '../verbs/publish.ts';
import { ARTIFACTS, ROOT, TEMPLATE } from './package.ts';

const STAGE = 'dev';
const COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'local-cloud');
const DEMO_MODELS = join(ROOT, 'demo', 'models');

/** The packaged stack on a local cloud, with models published and no data in it. */
export interface LocalStack {
  readonly cloud: LocalCloud;
  readonly outputs: DeployedStack['outputs'];
  readonly place: Place;
  readonly models: readonly string[];
}

/** What points an AWS client at a local cloud; `test`/`test` is its administrator. */
export const clientSettings = (url: string, region: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
});

/**
 * Boots a local cloud from the packaged template and publishes definitions.
 * @param models Files and folders with definitions; the demo's by default.
 * @throws Error when nothing is packaged yet.
 */
export const startStack = async (options: {
  readonly port?: number;
  readonly start?: Date;
  readonly flow?: boolean;
  readonly record?: string;
  readonly models?: readonly string[];
}): Promise<LocalStack> => {
  if (!existsSync(TEMPLATE)) throw new Error(`${TEMPLATE} is not there: run npm run package first`);
  const { models = [DEMO_MODELS], ...cloudOptions } = options;
  const publications = await readPublications(models, await readPlatform(join(ROOT, 'platform.yml')));
  const cloud = await createCloud({ ...cloudOptions, compileCache: COMPILE_CACHE });
  try {
    const { outputs } = await cloud.deploy({
      template: TEMPLATE,
      artifacts: ARTIFACTS,
      layers: { [`millrace-${STAGE}-engine`]: join(ROOT, 'dist', 'layers', 'engine-local') },
      stack: `millrace-${STAGE}`,
    });
    Object.assign(process.env, clientSettings(cloud.url, cloud.region));
    const place = await findPlace(STAGE);
    for (const { published } of publications) await putInForce(place.ledger, published, cloud.clock.now());
    return { cloud, outputs, place, models: publications.map(({ published }) => published.model) };
  } catch (error) {
    await cloud.close();
    throw error;
  }
};

/** The lines that point the AWS CLI at the cloud, ready to paste. */
export const pointingLines = ({ cloud, outputs }: LocalStack): string[] => [
  ...Object.entries(clientSettings(cloud.url, cloud.region)).map(([name, value]) => `export ${name}=${value}`),
  `# data lands in   s3://${outputs.DataBucketName}/incoming/<model>/<file>`,
  `# the ledger is   s3://${outputs.StoreBucketName}`,
  `aws --endpoint-url ${cloud.url} s3 cp flights.csv s3://${outputs.DataBucketName}/incoming/flight-delay/`,
];
