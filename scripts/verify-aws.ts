/**
 * `npm run verify:aws`: asks a real account what the conformance cases claim, and prints a recording that tells nothing of
 * the account. docs/verify-aws.md says what it does and what it costs.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import type { Json, JsonObject } from '../local/contracts.ts';
import { comparable, differencesOf } from '../tests/conformance/cases/comparison.ts';
import { isObject } from '../tests/conformance/cases/expectation.ts';
import { type LocalPlace, startLocalPlace } from '../tests/conformance/cases/local-place.ts';
import { placeholdersIn } from '../tests/conformance/cases/placeholders.ts';
import {
  givensOf,
  type Place,
  type Request,
  StoryStopped,
  type Teller,
  tellerAt,
} from '../tests/conformance/cases/run-story.ts';
import { type Secrets, sanitised, withoutOthers } from '../tests/conformance/cases/sanitise.ts';
import { type Pointing, sdkClient } from '../tests/conformance/cases/sdk-client.ts';
import { type Case, readStories, SERVICES, type Story } from '../tests/conformance/cases/story.ts';

/** What is asked, where, and at whose expense. */
export interface VerifyOptions {
  /** Twelve digits; must be the account of the credentials in use. */
  readonly account: string;
  readonly region: string;
  /** Runs stories that cost money, too: training, transform and tuning jobs, an endpoint. */
  readonly spend: boolean;
  /** By SigV4 scope; all by default. */
  readonly services?: readonly string[];
  /** A local cloud in place of AWS. */
  readonly endpoint?: string;
  /** What stories need and do not make: `role` (an ARN), `image`, `bucket`. */
  readonly givens: Readonly<Record<string, string>>;
  /** One line of the recording. */
  readonly write: (line: JsonObject) => void;
  /** What is to be told to whoever runs it. */
  readonly say: (line: string) => void;
}

export interface Verified {
  readonly requests: number;
  /** Requests that were answered otherwise than the cases claim. */
  readonly unexpected: number;
  /** Requests that the local cloud answers otherwise. */
  readonly unlikeLocal: number;
  /** What could not be removed. */
  readonly left: readonly string[];
}

/** The account is not the one that was meant. */
export class WrongAccountError extends Error {
  override readonly name = 'WrongAccountError';
}

const ASK_AGAIN_S = 5;
const TAG = { Key: 'made-by', Value: 'verify-aws' };

const READS = /^(?:Get|List|Describe|Head|Test|Filter|Receive)/;

// Operations that take tags with what they make; of the others, the prefix of the name has to tell.
const TAGGING: Readonly<Record<string, JsonObject>> = {
  'sqs CreateQueue': { tags: { [TAG.Key]: TAG.Value } },
  'sns CreateTopic': { Tags: [TAG] },
  'events CreateEventBus': { Tags: [TAG] },
  'events PutRule': { Tags: [TAG] },
  'monitoring PutMetricAlarm': { Tags: [TAG] },
  'monitoring PutCompositeAlarm': { Tags: [TAG] },
  'sagemaker CreateModelPackageGroup': { Tags: [TAG] },
  'sagemaker CreateModel': { Tags: [TAG] },
  'sagemaker CreateEndpointConfig': { Tags: [TAG] },
  'sagemaker CreateEndpoint': { Tags: [TAG] },
  'sagemaker CreateTrainingJob': { Tags: [TAG] },
  'sagemaker CreateTransformJob': { Tags: [TAG] },
  'sagemaker CreateHyperParameterTuningJob': { Tags: [TAG] },
};

const tagged = (request: Request): Request => {
  const tags = TAGGING[`${request.service} ${request.operation}`];
  if (!tags || Object.keys(tags).some((name) => name in request.params)) return request;
  return { ...request, params: { ...request.params, ...tags } };
};

/** Does a case touch nothing but what its story makes? Names and ids of that hold the prefix, or were saved from answers. */
const isOwn = (each: Case, saved: ReadonlySet<string>): boolean =>
  READS.test(each.operation) || [...placeholdersIn(each.params)].some((name) => name === 'p' || saved.has(name));

/** What of a story may be told to an account that others use; undefined when nothing may. */
const harmless = (story: Story): Story | undefined => {
  const saved = new Set(story.cases.flatMap((each) => Object.keys(each.save ?? {})));
  const cases = story.cases.filter((each) => isOwn(each, saved));
  const isWhole = story.cases.every((each) => each.refused !== undefined || cases.includes(each));
  return isWhole && cases.length > 0 ? { ...story, cases } : undefined;
};

const controlDoor = async (endpoint: string, path: string, body?: JsonObject): Promise<JsonObject> => {
  const response = await fetch(
    new URL(path, endpoint),
    body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
  );
  const answer: unknown = await response.json();
  if (!response.ok || !isObject(answer)) throw new Error(`${path} of ${endpoint}: ${response.status}`);
  return answer;
};

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What a recording shows of a request and of what came of it. */
const recorded = (request: Request, outcome: { answer: Json } | { refused: object }, secrets: Secrets): JsonObject => ({
  service: request.service,
  operation: request.operation,
  params: sanitised(request.params, secrets),
  ...('answer' in outcome
    ? { answer: sanitised(withoutOthers(request.operation, request.params, outcome.answer, secrets.prefix), secrets) }
    : { refused: sanitised({ ...outcome.refused }, secrets) }),
});

/** A verification under way. */
export interface Verification {
  readonly done: Promise<Verified>;
  /** Sends no more but what removes what was made; `done` says when that is over. */
  stop(): void;
}

const tell = async (
  options: VerifyOptions,
  teller: Teller,
  local: LocalPlace,
  run: string,
  isStopping: () => boolean,
  beforeStory: () => Promise<void>,
): Promise<Verified> => {
  const { account, region, givens, write, say } = options;
  const localClient = sdkClient(
    {
      region: local.cloud.region,
      endpoint: local.cloud.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    () => local.cloud.clock.now(),
  );
  const localTeller = tellerAt({ ...local, client: localClient, goesOn: true, before: tagged });
  const sum = { requests: 0, unexpected: 0, unlikeLocal: 0, left: [] as string[] };
  try {
    for (const service of options.services ?? SERVICES) {
      for (const [index, whole] of readStories(service).entries()) {
        if (isStopping()) return sum;
        const skip = (why: string) => say(`skipped: ${service}: ${whole.story}: ${why}`);
        const story = harmless(whole);
        const missing = givensOf(whole).filter((name) => !['account', 'region'].includes(name) && !(name in givens));
        if (whole.on === 'local' || !story) skip('it is for the local cloud alone');
        else if (whole.on === 'spend' && !options.spend) skip('it costs money (--spend)');
        else if (missing.length > 0) skip(`it needs ${missing.map((name) => `--${name}`).join(', ')}`);
        else {
          const prefix = `${run}-${service}-${index}`;
          await beforeStory();
          const there = await teller.tell(story, prefix);
          const here = await localTeller.tell(story, prefix);
          sum.left.push(...there.left);
          for (const [at, told] of there.told.entries()) {
            const secrets: Secrets = { account, region, prefix, others: givens };
            const mine = here.told[at];
            const differing = mine
              ? differencesOf(
                  comparable(mine, {
                    account: local.cloud.account,
                    region: local.cloud.region,
                    prefix,
                    others: Object.fromEntries(Object.entries(local.givens).filter(([name]) => name in givens)),
                  }),
                  comparable(told, secrets),
                )
              : [];
            sum.requests += 1;
            if (told.differences.length > 0) sum.unexpected += 1;
            if (differing.length > 0) sum.unlikeLocal += 1;
            write({
              story: story.story,
              grade: told.case.grade ?? story.grade,
              ...recorded(told.request, told.outcome, secrets),
              expected: told.differences.map((line) => String(sanitised(line, secrets))),
              unlikeLocal: differing.map(({ path, here, there }) => ({
                path,
                local: here ?? null,
                there: there ?? null,
              })),
            });
          }
        }
      }
    }
    return sum;
  } finally {
    localClient.close();
  }
};

/**
 * Asks an account, or a local cloud, everything that is safe to ask. Whatever is made is named with a prefix of this run,
 * tagged where that is possible, and removed at the end of its story.
 * @throws WrongAccountError before anything else is asked.
 */
export const verify = async (options: VerifyOptions): Promise<Verification> => {
  const { account, region, endpoint } = options;
  const pointing: Pointing =
    endpoint === undefined
      ? { region }
      : { region, endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  let now = new Date();
  const client = sdkClient(pointing, () => (endpoint === undefined ? new Date() : now));
  const identity = await client.send({ service: 'sts', operation: 'GetCallerIdentity', params: {} });
  const found = 'answer' in identity && isObject(identity.answer) ? identity.answer.Account : undefined;
  if (found !== account) {
    client.close();
    throw new WrongAccountError(`--account is ${account}, but the credentials are of ${String(found ?? 'nobody')}`);
  }
  const run = `verify-${randomBytes(4).toString('hex')}`;
  options.say(`names of this run begin with ${run}`);
  let stopping = false;
  const place: Place = {
    client,
    givens: { ...options.givens, account, region },
    async pass(seconds, asked) {
      if (endpoint !== undefined) {
        await controlDoor(endpoint, '/_cloud/settle', { advance: seconds * 1000 });
        return false;
      }
      if (asked > 0) await sleep(ASK_AGAIN_S);
      return asked * ASK_AGAIN_S < seconds && !stopping;
    },
    before(request, prefix, purpose) {
      if (stopping && purpose === 'story') throw new StoryStopped();
      const text = JSON.stringify(request.params);
      // The last line of defence: nothing that is not this run's own is ever written to.
      if (!READS.test(request.operation) && !text.includes(prefix))
        throw new Error(`${request.service} ${request.operation} ${text} names nothing of this run: it was not sent`);
      return tagged(request);
    },
  };
  const teller = tellerAt(place);
  const local = await startLocalPlace();
  const beforeStory = async () => {
    if (endpoint !== undefined) now = new Date(String((await controlDoor(endpoint, '/_cloud/clock')).now));
  };
  const done = tell(options, teller, local, run, () => stopping, beforeStory).finally(async () => {
    await local.close();
    client.close();
  });
  return {
    done,
    stop() {
      stopping = true;
    },
  };
};

const USAGE = `usage: npm run verify:aws -- --account ID --region REGION [--service NAME]... [--spend]
         [--role ARN] [--image URI] [--bucket NAME] [--endpoint URL]
`;

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      account: { type: 'string' },
      region: { type: 'string' },
      service: { type: 'string', multiple: true },
      spend: { type: 'boolean', default: false },
      role: { type: 'string' },
      image: { type: 'string' },
      bucket: { type: 'string' },
      endpoint: { type: 'string' },
    },
  });
  const { account, region, service, spend, endpoint, ...rest } = values;
  const unknown = (service ?? []).filter((name) => !SERVICES.some((each) => each === name));
  if (account === undefined || !/^\d{12}$/.test(account) || region === undefined || unknown.length > 0) {
    process.stderr.write(USAGE);
    if (unknown.length > 0)
      process.stderr.write(`no service ${unknown.join(', ')}; there are ${SERVICES.join(', ')}\n`);
    return 2;
  }
  const verification = await verify({
    account,
    region,
    spend,
    ...(service && { services: service }),
    ...(endpoint !== undefined && { endpoint }),
    givens: Object.fromEntries(
      Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    write: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
    say: (line) => process.stderr.write(`${line}\n`),
  });
  let exitCode: number | undefined;
  const interrupted = () => {
    // What is under way has to end first: an answer may hold the only name of what was made. A second signal kills.
    process.stderr.write('stopping: removing what was made\n');
    exitCode = 130;
    verification.stop();
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const { requests, unexpected, unlikeLocal, left } = await verification.done;
  process.stderr.write(
    `${requests} requests; ${unexpected} answered otherwise than the cases say, ${unlikeLocal} otherwise than the local cloud\n`,
  );
  for (const line of left) process.stderr.write(`left behind: ${line}\n`);
  return exitCode ?? (unexpected > 0 || left.length > 0 ? 1 : 0);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`${error.name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
