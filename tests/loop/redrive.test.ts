/** What failed for good waits in dead-letter queues, and goes on when a person puts it back. */
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { definitionPointerSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { millrace } from './command.ts';
import { parcels } from './parcels.ts';
import { HOUR_MS, startWorld, type World } from './world.ts';

const MODEL = 'parcel-late';
const KEY = `incoming/${MODEL}/first.csv`;

let world: World;
beforeAll(async () => {
  world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
});
afterAll(() => world.close());

const ask = (reason: string) =>
  new PutEventsCommand({
    Entries: [
      {
        EventBusName: world.outputs.BusName,
        Source: 'millrace',
        DetailType: 'RunRequested.v1',
        Detail: JSON.stringify({
          metadata: { eventId: reason, correlationId: reason, occurredAt: world.cloud.clock.now().toISOString() },
          data: { model: MODEL, reason, override: ['cooldown'] },
        }),
      },
    ],
  });

describe('while the definition in force cannot be read', () => {
  it('what lands and what is asked for ends in dead-letter queues, and nothing is lost', async () => {
    const { digest } = await world.ledger.read(definitionPointerSchema, keys.definitionPointer(MODEL));
    const lost = { Bucket: world.outputs.StoreBucketName, Key: keys.definition(MODEL, digest) };
    const definition = await world.store.get(lost.Key);
    if (!definition) throw new Error(`${lost.Key} is not there`);
    await world.s3.send(new DeleteObjectCommand(lost));
    const versionId = await world.land(KEY, parcels('2001-03-01', 12));
    await world.events.send(ask('while-it-is-away'));
    await world.cloud.settle({ advanceMs: HOUR_MS });
    const letters = await world.deadLetters();
    await world.s3.send(new PutObjectCommand({ ...lost, Body: definition.body }));

    expect(letters['millrace-dev-execution-dlq']).toBeGreaterThan(0);
    expect(letters['millrace-dev-plan-run-dlq']).toBe(1);
    expect(await world.arrival(MODEL, KEY, versionId)).toBeUndefined();
  });

  it('redrive puts them back where they failed, and the loop goes on to a served model', async () => {
    const { exit, stdout, stderr } = await millrace(world, 'redrive', '--json');
    const counts = JSON.parse(stdout || '{}');

    expect(exit, stderr).toBe(0);
    expect(counts['execution-dlq'].redriven).toBeGreaterThan(0);
    expect(counts['plan-run-dlq']).toEqual({ redriven: 1, left: 0 });
    expect(await world.deadLetters()).toEqual({});
    expect((await world.ends(MODEL)).map((end) => end?.end)).toContain('promoted');
  });
});

describe('an event that did not reach its target', () => {
  const send = async (body: string, target: string | undefined) => {
    const { QueueUrl } = await world.sqs.send(new GetQueueUrlCommand({ QueueName: 'millrace-dev-delivery-dlq' }));
    const attributes = target === undefined ? {} : { TARGET_ARN: { DataType: 'String', StringValue: target } };
    await world.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes: attributes }));
  };

  it('goes to that target when it is put back', async () => {
    const { QueueUrl } = await world.sqs.send(new GetQueueUrlCommand({ QueueName: 'millrace-dev-plan-run' }));
    const { Attributes } = await world.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const before = await world.runs(MODEL);
    const [entry] = ask('out-of-reach').input.Entries ?? [];
    const event = {
      version: '0',
      id: 'e0000000-0000-4000-8000-000000000000',
      source: entry?.Source,
      'detail-type': entry?.DetailType,
      account: world.cloud.account,
      region: world.cloud.region,
      time: world.cloud.clock.now().toISOString(),
      resources: [],
      detail: JSON.parse(entry?.Detail ?? '{}'),
    };
    await send(JSON.stringify(event), Attributes?.QueueArn);
    const { exit, stdout } = await millrace(world, 'redrive');

    expect(exit).toBe(0);
    expect(stdout).toContain('delivery-dlq: 1 put back');
    expect(await world.runs(MODEL)).toHaveLength(before.length + 1);
  });

  it('stays where it is when it does not say which target that was', async () => {
    await send('{}', undefined);
    const { exit, stdout } = await millrace(world, 'redrive');

    expect(exit).toBe(1);
    expect(stdout).toContain('delivery-dlq: 0 put back, 1 left');
    expect(await world.deadLetters()).toEqual({ 'millrace-dev-delivery-dlq': 1 });
  });
});
