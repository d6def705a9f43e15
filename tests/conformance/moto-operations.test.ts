/**
 * Where moto is known to be right, this cloud answers as it does: the stories marked `moto`, told to both. What differs on
 * purpose stands in `cases/moto-differences.yml`, each with its reason.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';

import { comparable, differencesOf } from './cases/comparison.ts';
import { type LocalPlace, startLocalPlace } from './cases/local-place.ts';
import { type Place, type Telling, tellerAt } from './cases/run-story.ts';
import { sdkClient } from './cases/sdk-client.ts';
import { readStories, SERVICES } from './cases/story.ts';

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };
const REGION = 'eu-west-1';
/** moto's only account, by default. */
const MOTO_ACCOUNT = '123456789012';

const DIFFERENCES = z
  .array(
    z.strictObject({
      service: z.enum(SERVICES),
      /** `*`: any. */
      operation: z.string(),
      /** Paths in the answer; `refused` for whether and how it is refused. */
      members: z.array(z.string()).min(1),
      reason: z.string(),
    }),
  )
  .parse(parse(readFileSync(join(import.meta.dirname, 'cases/moto-differences.yml'), 'utf8')));

const hasMoto = spawnSync('python3', ['-c', 'import moto.server']).status === 0;
if (!hasMoto) console.info('python3 with moto is not installed: its tests pass without having run');

/** Starts moto's server on a port of its choice. */
const startMoto = (): Promise<{ url: string; server: ChildProcess }> =>
  new Promise((resolve, reject) => {
    const server = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    server.stderr.on('data', (chunk) => {
      said += String(chunk);
      const [, url] = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said) ?? [];
      if (url !== undefined) resolve({ url, server });
    });
    server.on('close', (code) => reject(new Error(`moto ended with ${code}: ${said}`)));
  });

const stories = SERVICES.flatMap((service) => readStories(service).filter((story) => story.moto));

let local: LocalPlace;
let localClient: ReturnType<typeof sdkClient>;
let moto: { url: string; server: ChildProcess; client: ReturnType<typeof sdkClient> } | undefined;
beforeAll(async () => {
  local = await startLocalPlace();
  localClient = sdkClient({ region: REGION, endpoint: local.cloud.url, credentials: CREDENTIALS }, () =>
    local.cloud.clock.now(),
  );
  if (!hasMoto) return;
  const started = await startMoto();
  const client = sdkClient({ region: REGION, endpoint: started.url, credentials: CREDENTIALS }, () => new Date());
  moto = { ...started, client };
});
afterAll(async () => {
  moto?.client.close();
  moto?.server.kill();
  localClient.close();
  await local.close();
});

const excused = (service: string, operation: string, path: string) =>
  DIFFERENCES.some(
    (each) =>
      each.service === service &&
      (each.operation === operation || each.operation === '*') &&
      each.members.some((member) => path === member || path.startsWith(`${member}.`)),
  );

const disagreements = (here: Telling, there: Telling, p: string): string[] =>
  here.told.flatMap((told, index) => {
    const other = there.told[index];
    const { service, operation } = told.request;
    const which = `${operation} (${index + 1})`;
    if (!other) return [`${which}: moto did not come so far`];
    // moto fails where it has no answer: that is no opinion.
    if ('refused' in other.outcome && (other.outcome.refused.status ?? 0) >= 500) return [];
    const secrets = { region: REGION, prefix: p, others: {} };
    const found = differencesOf(
      comparable(told, { ...secrets, account: local.cloud.account }),
      comparable(other, { ...secrets, account: MOTO_ACCOUNT }),
    );
    return found
      .filter(({ path }) => !excused(service, operation, path))
      .map(
        (each) =>
          `${service} ${which}: ${each.path}: here ${JSON.stringify(each.here)}, there ${JSON.stringify(each.there)}`,
      );
  });

describe('moto', () => {
  it.each(stories.map((story, index) => ({ story, index, title: `${story.service}: ${story.story}` })))(
    'agrees on $title',
    async ({ story, index }) => {
      if (!moto) return;
      const prefix = `m${index}-${story.service}`;
      const withoutStrangers = { ...story, cases: story.cases.filter((each) => each.signer === undefined) };
      const motoPlace: Place = {
        client: moto.client,
        givens: { ...local.givens, account: MOTO_ACCOUNT, role: `arn:aws:iam::${MOTO_ACCOUNT}:role/given-role` },
        goesOn: true,
        pass: async () => false,
      };

      const here = await tellerAt({ ...local, client: localClient }).tell(withoutStrangers, prefix);
      const there = await tellerAt(motoPlace).tell(withoutStrangers, prefix);

      expect(here.failures).toEqual([]);
      expect(disagreements(here, there, prefix)).toEqual([]);
    },
  );
});

describe('the list of differences', () => {
  it('is about operations that moto is asked', () => {
    const asked = new Set(
      stories.flatMap((story) => story.cases.map((each) => `${each.service ?? story.service} ${each.operation}`)),
    );

    expect(
      DIFFERENCES.map((each) => `${each.service} ${each.operation}`).filter(
        (name) => !name.endsWith(' *') && !asked.has(name),
      ),
    ).toEqual([]);
  });
});
