import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DescribeEventBusCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  PutEventsCommand,
  PutPermissionCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';
import { refusal, START } from './s3-cloud.ts';

const ACCOUNT = '000000000000';
const busArn = (name: string) => `arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/${name}`;
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const role = (RoleName: string, ...Statement: JsonObject[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement } }],
  },
});
const tells: JsonObject = { Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' };
const policy = (StatementId: string, more: JsonObject): JsonObject => ({
  Type: 'AWS::Events::EventBusPolicy',
  DependsOn: ['Orders', 'Teller'],
  Properties: { EventBusName: 'orders', StatementId, ...more },
});

const TEMPLATE: JsonObject = {
  Resources: {
    Orders: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
    Teller: role('teller', tells),
    Guest: role('guest'),
    GuestMay: policy('guest', {
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: roleArn('guest') },
        Action: 'events:PutEvents',
        Resource: busArn('orders'),
        Condition: { StringEquals: { 'events:source': 'guests' } },
      },
    }),
    NobodyMay: policy('nobody', {
      Statement: {
        Effect: 'Deny',
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: busArn('orders'),
        Condition: { StringEquals: { 'events:source': 'forbidden' } },
      },
    }),
    AccountMay: policy('account', { Action: 'events:PutEvents', Principal: ACCOUNT }),
  },
};

let cloud: LocalCloud;
let folder: string;
const clients: EventBridgeClient[] = [];
const as = (roleName?: string): EventBridgeClient => {
  const client = new EventBridgeClient({
    endpoint: cloud.url,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials:
      roleName === undefined
        ? { accessKeyId: 'test', secretAccessKey: 'test' }
        : cloud.iam.credentialsFor(roleArn(roleName), 'me'),
  });
  clients.push(client);
  return client;
};
const put = (client: EventBridgeClient, Source: string, EventBusName = 'orders') =>
  client.send(new PutEventsCommand({ Entries: [{ Source, DetailType: 'Told', Detail: '{}', EventBusName }] }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'buses-'));
  await writeFile(join(folder, 'template.json'), JSON.stringify(TEMPLATE));
  cloud = await createCloud({ start: START, region: 'eu-west-1' });
  await cloud.deploy({ template: join(folder, 'template.json'), artifacts: folder, stack: 'buses' });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the policy of a bus in a template', () => {
  it('lets a role in that has no policy of its own, on its condition', async () => {
    const guest = as('guest');
    const { FailedEntryCount } = await put(guest, 'guests');
    const refused = await refusal(put(guest, 'others'));

    expect(FailedEntryCount).toBe(0);
    expect(refused).toMatchObject({ name: 'AccessDeniedException', status: 400 });
    expect(refused.message).toContain('no identity-based policy allows the events:PutEvents action');
  });

  it('keeps out what it denies, whoever allows it', async () => {
    const teller = as('teller');
    const { FailedEntryCount } = await put(teller, 'tellers');
    const refused = await refusal(put(teller, 'forbidden'));

    expect(FailedEntryCount).toBe(0);
    expect(refused.message).toContain('with an explicit deny in a resource-based policy');
  });

  it('is told with the bus', async () => {
    const { Policy = '' } = await as().send(new DescribeEventBusCommand({ Name: 'orders' }));
    const { EventBuses = [] } = await as().send(new ListEventBusesCommand({ NamePrefix: 'orders' }));

    expect(
      JSON.parse(Policy)
        .Statement.map(({ Sid }: { Sid: string }) => Sid)
        .sort(),
    ).toEqual(['account', 'guest', 'nobody']);
    expect(EventBuses[0]?.Policy).toBe(Policy);
  });
});

describe('permissions of a bus', () => {
  it('are put statement by statement, replaced by their id, and removed', async () => {
    const admin = as();
    await admin.send(new CreateEventBusCommand({ Name: 'open' }));
    const statement = { EventBusName: 'open', Action: 'events:PutEvents', StatementId: 'all' };
    const before = await refusal(put(as('guest'), 'any', 'open'));
    await admin.send(new PutPermissionCommand({ ...statement, Principal: ACCOUNT }));
    const byAccount = await refusal(put(as('guest'), 'any', 'open'));
    await admin.send(new PutPermissionCommand({ ...statement, Principal: '*' }));
    const byAll = await put(as('guest'), 'any', 'open');
    const told = await admin.send(new DescribeEventBusCommand({ Name: 'open' }));
    await admin.send(new RemovePermissionCommand({ EventBusName: 'open', StatementId: 'all' }));
    const after = await refusal(put(as('guest'), 'any', 'open'));

    // The account named lets the account's own policies decide, and the guest has none.
    expect([before.name, byAccount.name, after.name]).toEqual(Array(3).fill('AccessDeniedException'));
    expect(byAll.FailedEntryCount).toBe(0);
    expect(JSON.parse(told.Policy ?? '').Statement).toEqual([
      { Sid: 'all', Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: busArn('open') },
    ]);
  });

  it('go with their bus', async () => {
    const admin = as();
    await admin.send(new CreateEventBusCommand({ Name: 'short' }));
    const all = { EventBusName: 'short', Action: 'events:PutEvents', StatementId: 'all', Principal: '*' };
    await admin.send(new PutPermissionCommand(all));
    await admin.send(new DeleteEventBusCommand({ Name: 'short' }));
    await admin.send(new CreateEventBusCommand({ Name: 'short' }));

    expect((await admin.send(new DescribeEventBusCommand({ Name: 'short' }))).Policy).toBeUndefined();
  });

  it('may come as one document, and go together', async () => {
    const admin = as();
    await admin.send(new CreateEventBusCommand({ Name: 'whole' }));
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Sid: 'a', Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: busArn('whole') }],
    });
    await admin.send(new PutPermissionCommand({ EventBusName: 'whole', Policy }));
    const { FailedEntryCount } = await put(as('guest'), 'any', 'whole');
    await admin.send(new RemovePermissionCommand({ EventBusName: 'whole', RemoveAllPermissions: true }));

    expect(FailedEntryCount).toBe(0);
    expect(await refusal(put(as('guest'), 'any', 'whole'))).toMatchObject({ name: 'AccessDeniedException' });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a bus there is none of',
      () =>
        as().send(
          new PutPermissionCommand({
            EventBusName: 'none',
            StatementId: 's',
            Action: 'events:PutEvents',
            Principal: '*',
          }),
        ),
      'ResourceNotFoundException',
    ],
    [
      'another action',
      () => as().send(new PutPermissionCommand({ StatementId: 's', Action: 'events:PutRule', Principal: '*' })),
      'ValidationException',
    ],
    ['a document that is none', () => as().send(new PutPermissionCommand({ Policy: '{' })), 'ValidationException'],
    [
      'a document with statements besides',
      () => as().send(new PutPermissionCommand({ Policy: '{}', StatementId: 's' })),
      'ValidationException',
    ],
    [
      'a condition it cannot evaluate, by name',
      () =>
        as().send(
          new PutPermissionCommand({
            StatementId: 's',
            Action: 'events:PutEvents',
            Principal: '*',
            Condition: { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-1' },
          }),
        ),
      'MalformedPolicyDocument',
    ],
    [
      'a statement there is none of',
      () => as().send(new RemovePermissionCommand({ EventBusName: 'orders', StatementId: 'none' })),
      'ResourceNotFoundException',
    ],
    [
      'a bus without a policy',
      () => as().send(new RemovePermissionCommand({ RemoveAllPermissions: true })),
      'ResourceNotFoundException',
    ],
    [
      'whoever may not',
      () =>
        as('teller').send(new PutPermissionCommand({ StatementId: 's', Action: 'events:PutEvents', Principal: '*' })),
      'AccessDeniedException',
    ],
  ])('are refused for %s', async (_what, ask, name) => {
    expect((await refusal(ask())).name).toBe(name);
  });
});
