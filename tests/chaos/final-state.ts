/** All that there is when a story is over, comparable between worlds in which it took different times. */
import { hash } from 'node:crypto';

import { GetQueueAttributesCommand, ListQueuesCommand } from '@aws-sdk/client-sqs';
import * as z from 'zod';

import { slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { onSageMaker, type World } from '../loop/world.ts';

type Json = z.infer<ReturnType<typeof z.json>>;

/** How old the champion was when the candidate was judged, and what labels and captures were read: by their keys. */
const TIMED = new Set(['ageMs', 'inputs']);

/** When something was, was seen or was decided is what a delay changes. */
const withoutTimes = (value: Json): Json => {
  if (typeof value === 'string') return value.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, TIMED.has(name) ? 'TIME' : withoutTimes(member)]),
  );
};

/**
 * What is named by chance or by the time: versions of uploads, the hour of what was captured, when labels came and when
 * they were looked at.
 */
const plainKey = (key: string): string =>
  key
    .replace(/^(arrivals\/[^/]+\/|labels\/[^/]+\/files\/)[0-9a-f]{32}/, '$1UPLOAD')
    .replace(/^(labels\/[^/]+\/hours\/.*\/)\d{8}T\d{9}Z-[0-9a-f]{16}/, '$1UPLOAD')
    .replace(/^(monitoring\/[^/]+\/[^/]+\/quality-)\d{8}T\d{9}Z/, '$1TIME')
    .replace(/^(capture(?:\/[^/]+){4}\/).*$/, '$1FILE');

const contentOf = async (world: World, key: string): Promise<string> => {
  const { body } = (await world.store.get(key)) ?? { body: new Uint8Array() };
  if (!key.endsWith('.json')) return hash('sha256', body);
  const fact = withoutTimes(z.json().parse(JSON.parse(Buffer.from(body).toString())));
  return JSON.stringify(fact)
    .replaceAll(/("versionId":")[^"]+/g, '$1VERSION')
    .replaceAll(/\d{8}T\d{6}Z-[0-9a-f]{16}/g, 'INFERENCE');
};

/**
 * Reports show times, captured records carry ids of their own, and of jobs that end together any may be heard of first:
 * that they are there is what counts.
 */
const isDerived = (key: string): boolean =>
  key.endsWith('.html') || key.endsWith('/judging.json') || key.startsWith('capture/');

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Queues that hold anything, and how much. */
const waitingMessages = async ({ sqs }: World): Promise<Record<string, number>> => {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'millrace-' }));
  const found: Record<string, number> = {};
  for (const QueueUrl of QueueUrls) {
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] }));
    const count = COUNTS.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
    if (count > 0) found[QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1)] = count;
  }
  return found;
};

export interface FinalState {
  readonly ends: readonly (string | undefined)[];
  readonly champion: number | undefined;
  /** The run that holds the slot. */
  readonly inFlight: string | undefined;
  /** What each key of the ledger holds, times apart. */
  readonly facts: Readonly<Record<string, readonly string[]>>;
  readonly sageMaker: Awaited<ReturnType<typeof onSageMaker>>;
  /** Also those of dead letters. */
  readonly messages: Readonly<Record<string, number>>;
}

/** @param model Whose runs are looked at; everything else is of the whole stage. */
export const finalState = async (world: World, model: string): Promise<FinalState> => {
  const facts: Record<string, string[]> = {};
  for await (const { key } of world.store.list('')) {
    const name = plainKey(key);
    // A probe that is repeated is captured twice: how many there are does not count either.
    if (isDerived(key)) facts[name] = ['there'];
    else facts[name] = [...(facts[name] ?? []), await contentOf(world, key)].sort();
  }
  return {
    ends: (await world.ends(model)).map((end) => end?.end),
    champion: (await world.champion(model))?.n,
    inFlight: (await world.ledger.find(slotSchema, keys.slot(model)))?.flight?.run,
    facts,
    sageMaker: await onSageMaker(world.sageMaker),
    messages: await waitingMessages(world),
  };
};
