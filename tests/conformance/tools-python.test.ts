/** The same stories through boto3 and the AWS CLI: tools that were not written for this cloud. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type LocalPlace, startLocalPlace } from './cases/local-place.ts';
import { pythonTools, startPython } from './cases/python-client.ts';
import { type Client, tellerAt } from './cases/run-story.ts';
import { readStories, SERVICES, type Story } from './cases/story.ts';

const tools = pythonTools();
if (!tools.boto3) console.info('python3 with boto3 is not installed: its tests pass without having run');
if (!tools.cli) console.info('version 1 of the AWS CLI is not installed: its tests pass without having run');

/** Cases that the tools can send: they know some limits and all credentials better than to send these. */
const sendable = (story: Story): Story => ({
  ...story,
  cases: story.cases.filter((each) => each.sdkOnly === undefined && each.signer === undefined),
});

/** The shortest of several stories that tells at least as much as a beginning and an end. */
const shortest = (stories: readonly Story[]): Story => {
  const length = (story: Story) => sendable(story).cases.length;
  const [first] = stories.filter((story) => length(story) >= 2).sort((a, b) => length(a) - length(b));
  if (!first) throw new Error(`none of ${stories.length} stories can be told by the tools`);
  return first;
};

let place: LocalPlace;
let folder: string;
let python: ReturnType<typeof startPython> | undefined;
beforeAll(async () => {
  place = await startLocalPlace();
  folder = await mkdtemp(join(tmpdir(), 'conformance-tools-'));
  if (tools.boto3) python = startPython(place.cloud.url, place.cloud.region, folder, () => place.cloud.clock.now());
});
afterAll(async () => {
  await python?.close();
  await place.close();
  await rm(folder, { recursive: true, force: true });
});

/** What of a service's stories goes otherwise than it should. */
const failuresOf = async (client: Client, stories: readonly Story[], prefix: string): Promise<string[]> => {
  const teller = tellerAt({ ...place, client });
  const failures: string[] = [];
  for (const [index, story] of stories.entries()) {
    const told = await teller.tell(sendable(story), `${prefix}-${index}`);
    failures.push(...[...told.failures, ...told.left].map((line) => `${story.story}: ${line}`));
  }
  return failures;
};

describe('boto3', () => {
  it.each(SERVICES)('is answered by %s as the SDK is', async (service) => {
    if (!python) return;

    expect(await failuresOf(python.boto3, readStories(service), `b-${service}`)).toEqual([]);
  });
});

describe('the AWS CLI', () => {
  // A few commands of each kind of protocol: the CLI takes a second for each, and is the same beneath as boto3.
  const services = ['s3', 'sqs', 'lambda', 'sns'];
  it.each(services)('is answered by %s as the SDK is, in a short story', async (service) => {
    if (!python || !tools.cli) return;

    expect(await failuresOf(python.cli, [shortest(readStories(service))], `c-${service}`)).toEqual([]);
  });
});
