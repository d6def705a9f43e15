/** What a person does: publish, look, approve, reject, ask for a run. */
import { DescribeModelPackageCommand } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { registeredSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { millrace } from './command.ts';
import { hearNotices } from './deliveries.ts';
import { parcels } from './parcels.ts';
import { HOUR_MS, MINUTE_MS, startWorld, type World } from './world.ts';

const MODEL = 'parcel-asked';
const QUESTION = { sent: '2001-03-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

let world: World;
let notices: () => Promise<string[]>;

beforeAll(async () => {
  world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
  notices = await hearNotices(world);
  await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
});
afterAll(() => world.close());

const statusOf = async (model: string) => {
  const { stdout } = await millrace(world, 'status', model, '--json');
  return JSON.parse(stdout).models[0];
};

const approvalStatus = async (run: string) => {
  const { modelPackageArn } = await world.ledger.read(registeredSchema, keys.registered(MODEL, run));
  return (await world.sageMaker.send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn })))
    .ModelApprovalStatus;
};

describe('a candidate of a model that asks for approval', () => {
  it('is held, and a person is asked', async () => {
    const status = await statusOf(MODEL);
    const [run = ''] = await world.runs(MODEL);

    expect(status).toMatchObject({ champion: null, inFlight: null, runs: [{ run, state: 'held' }] });
    expect(status.runs[0].reasons.length).toBeGreaterThan(0);
    expect(await approvalStatus(run)).toBe('PendingManualApproval');
    expect(await notices()).toContain(`${MODEL}: the candidate of run ${run} is held`);
    expect((await world.predict(MODEL, QUESTION)).status).toBe(404);
  });

  it('is served once somebody approves it', async () => {
    const [run = ''] = await world.runs(MODEL);
    const told = await millrace(world, 'approve', run, '--approver', 'Ada', '--reference', 'TICKET-1');
    const status = await statusOf(MODEL);
    // predict looks for a new champion once a minute.
    await world.cloud.clock.advance(MINUTE_MS, () => world.cloud.activity.idle());

    expect(told).toMatchObject({ exit: 0, stdout: `Run ${run} of ${MODEL} is approved by Ada.\n` });
    expect(await approvalStatus(run)).toBe('Approved');
    expect(status.champion?.run).toBe(run);
    expect(await world.predict(MODEL, QUESTION)).toMatchObject({ status: 200, body: { run, late: true } });
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['held']);
  });

  it('is not served when somebody rejects it', async () => {
    await world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());
    await world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));
    const [first = '', second = ''] = await world.runs(MODEL);
    const told = await millrace(world, 'reject', second, '--approver', 'Ada');
    const champion = await world.champion(MODEL);

    expect(told.exit, told.stderr).toBe(0);
    expect(await approvalStatus(second)).toBe('Rejected');
    expect(champion?.run).toBe(first);
    expect(await notices()).toContain(`${MODEL}: the candidate of run ${second} was rejected`);
  });

  it('stays rejected when somebody approves it afterwards', async () => {
    const [first = '', second = ''] = await world.runs(MODEL);
    const told = await millrace(world, 'approve', second, '--approver', 'Bob');

    expect(told).toMatchObject({ exit: 1, stdout: expect.stringContaining('was rejected by Ada') });
    expect(await approvalStatus(second)).toBe('Rejected');
    expect((await world.champion(MODEL))?.run).toBe(first);
  });
});

describe('the command', () => {
  it('says no to a run nobody made, and that it does not understand what is no run', async () => {
    expect((await millrace(world, 'approve', '20010320-0123456789')).exit).toBe(1);
    expect((await millrace(world, 'approve', 'the last one')).exit).toBe(2);
    expect((await millrace(world, 'approve')).exit).toBe(2);
    expect((await millrace(world, 'promote')).exit).toBe(2);
  });

  it('starts a run that is asked for, over the cooldown if told so', async () => {
    const before = await world.runs(MODEL);
    const unknown = await millrace(world, 'run', 'parcel-lost');
    const refused = await millrace(world, 'run', MODEL);
    const [after, declined] = [await world.runs(MODEL), await notices()];
    const asked = await millrace(world, 'run', MODEL, '--reason', 'a test', '--override', 'cooldown');

    expect(unknown).toMatchObject({ exit: 1, stdout: expect.stringContaining('no model parcel-lost is published') });
    expect(refused.exit).toBe(0);
    expect(after).toEqual(before);
    expect(declined).toEqual([`${MODEL}: no run was started`]);
    expect(asked.exit).toBe(0);
    expect(await world.runs(MODEL)).toHaveLength(before.length + 1);
  });

  it('puts a new model in force while the stack runs, and its data leads to a served model', async () => {
    const published = await millrace(world, 'publish', 'tests/fixtures/loop/models/parcel-late.yml');
    const again = await millrace(world, 'publish', 'tests/fixtures/loop/models/parcel-late.yml', '--json');
    await world.land('incoming/parcel-late/first.csv', parcels('2001-03-01', 12));

    expect(published).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^parcel-late {2}[0-9a-f]{12} {2}published/),
    });
    expect(JSON.parse(again.stdout).models).toEqual([
      expect.objectContaining({ model: 'parcel-late', outcome: 'unchanged', notHonoured: expect.any(Array) }),
    ]);
    expect((await world.ends('parcel-late')).map((end) => end?.end)).toEqual(['promoted']);
  });

  it('publishes nothing of a broken definition, and names file, line, path, found and expected', async () => {
    const { exit, stdout } = await millrace(world, 'publish', 'tests/fixtures/loop/broken');
    const { stdout: status } = await millrace(world, 'status', '--json');

    expect(exit).toBe(1);
    expect(stdout).toMatch(/broken\/parcel-broken\.yml:5.*data\.split\.gate/s);
    expect(stdout).toMatch(/broken\/parcel-broken\.yml:7.*training\.algorithm.*xgbost/s);
    expect(JSON.parse(status).models.map(({ model }: { model: string }) => model)).not.toContain('parcel-broken');
  });

  it('leaves no dead letter in all this', async () => {
    expect(await world.deadLetters()).toEqual({});
  });
});
