import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { incomingKey } from '../../../functions/validate-data/incoming-key.ts';
import { validateData } from '../../../functions/validate-data/validate-data.ts';
import { datasetId } from '../../../shared/data/identity.ts';
import { limitsDigest } from '../../../shared/data/read-limits.ts';
import {
  arrivalSchema,
  datasetDaysSchema,
  datasetProfileSchema,
  datasetSchema,
  verdictSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { DEFINITION, dataWorld, journeys, LIMITS, MODEL, woken } from './data-world.ts';

const MAX_BYTES = 1_000_000;

async function world(yaml: string | null = DEFINITION) {
  const base = dataWorld();
  const published = yaml === null ? null : await base.publish(yaml);
  const validate = validateData({ ...base, limits: { ...LIMITS, maxBytes: MAX_BYTES } });
  return {
    ...base,
    published,
    validate,
    /** Uploads and wakes the step, as S3 does. */
    async arrive(key: string, body: string | Uint8Array) {
      const event = await base.upload(key, body);
      return { event, outcome: await validate(woken(event)) };
    },
    putOff: (event: { key: string; versionId: string }, limits = { ...LIMITS, maxBytes: MAX_BYTES }) =>
      base.ledger.find(arrivalSchema, keys.putOff(MODEL, event.key, event.versionId, limitsDigest(limits))),
    arrival: (event: { key: string; versionId: string }, model = MODEL) =>
      base.ledger.read(arrivalSchema, keys.arrival(model, event.key, event.versionId)),
  };
}

type World = Awaited<ReturnType<typeof world>>;

async function verdictOf({ ledger, published }: World, dataset: string | undefined) {
  return ledger.read(verdictSchema, keys.verdict(MODEL, dataset ?? '', published?.rulesDigest ?? ''));
}

describe('good data', () => {
  it('is accepted, profiled and kept as typed Parquet', async () => {
    const shop = await world();

    const { event, outcome } = await shop.arrive(`incoming/${MODEL}/january.csv`, journeys(10));

    expect(outcome.outcome).toBe('accepted');
    const dataset = outcome.dataset ?? '';
    expect(await shop.arrival(event)).toMatchObject({ outcome: 'accepted', dataset });
    expect(await shop.ledger.read(datasetSchema, keys.dataset(MODEL, dataset))).toMatchObject({
      sources: [{ key: event.key, versionId: event.versionId, sizeBytes: event.sizeBytes }],
      format: 'csv',
    });
    const profile = await shop.ledger.read(datasetProfileSchema, keys.profile(MODEL, dataset));
    expect(profile.rows).toBe(240);
    expect(profile.columns.map(({ name, type }) => [name, type])).toEqual([
      ['at', 'timestamp'],
      ['line', 'string'],
      ['load', 'number'],
      ['delay', 'integer'],
    ]);
    expect(profile.columns[0]?.days?.[9]).toEqual(['2001-01-10', 24]);
    expect(profile.data.map(({ key, rows }) => [key, rows])).toEqual([
      [`datasets/${MODEL}/${dataset}/data/part-00000.parquet`, 240],
    ]);
    expect(shop.store.keys()).toContain(profile.data[0]?.key);
    expect(shop.told).toEqual([
      {
        type: 'DatasetAccepted.v1',
        about: expect.stringContaining(dataset),
        data: { model: MODEL, dataset, rows: 240, warnings: [] },
      },
    ]);
  });

  it('of many days keeps them beside its profile, which counts runs of them', async () => {
    const shop = await world();
    const days = Array.from({ length: 1096 }, (_, n) => new Date(Date.UTC(1998, 0, 1 + n)).toISOString().slice(0, 10));
    const body = ['at,line,load,delay', ...days.map((day, n) => `${day} 10:00:00,A,${n % 9}.5,${n % 11}`)].join('\n');

    const { outcome } = await shop.arrive(`incoming/${MODEL}/years.csv`, body);

    const profile = await shop.ledger.read(datasetProfileSchema, keys.profile(MODEL, outcome.dataset ?? ''));
    expect(profile.columns[0]?.days).toBeUndefined();
    expect(profile.columns[0]?.periods).toMatchObject({ from: '1998-01-01', days: 14 });
    const { columns } = await shop.ledger.read(datasetDaysSchema, keys.datasetDays(MODEL, outcome.dataset ?? ''));
    expect(columns).toEqual([{ name: 'at', days: days.map((day) => [day, 1]) }]);
  });

  it('changes nothing when the event comes again, and is told again', async () => {
    const shop = await world();
    const { event } = await shop.arrive(`incoming/${MODEL}/january.csv`, journeys(3));
    const before = await shop.contents();

    const again = await shop.validate(woken(event, new Date('2001-02-09T00:00:00Z')));

    expect(again.outcome).toBe('accepted');
    expect(await shop.contents()).toEqual(before);
    expect(shop.told).toHaveLength(2);
    expect(shop.told[1]).toEqual(shop.told[0]);
  });

  it('is judged once however often the same bytes are delivered, whatever they are called', async () => {
    const shop = await world();
    const first = await shop.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    const second = await shop.arrive(`incoming/${MODEL}/b.csv`, journeys(3));

    expect(second.outcome).toEqual({ outcome: 'repeated', dataset: first.outcome.dataset });
    expect((await shop.arrival(second.event)).outcome).toBe('repeated');
    expect(shop.told[1]).toEqual(shop.told[0]);
  });

  it('is told to be known where it comes under another name, again when that event comes again', async () => {
    const shop = await world();
    const { outcome } = await shop.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    const { event } = await shop.arrive(`incoming/${MODEL}/b.csv`, journeys(3));
    const bad = await shop.arrive(`incoming/${MODEL}/bad.csv`, 'at,line\n1\n');
    const badAgain = await shop.arrive(`incoming/${MODEL}/bad-again.csv`, 'at,line\n1\n');
    const before = shop.told.filter(({ type }) => type === 'DatasetRepeated.v1');

    await shop.validate(woken(event, new Date('2001-02-09T00:00:00Z')));

    expect(before).toEqual([
      {
        type: 'DatasetRepeated.v1',
        about: `${event.key}\n${event.versionId}`,
        data: { model: MODEL, dataset: outcome.dataset, key: event.key, accepted: true },
      },
      {
        type: 'DatasetRepeated.v1',
        about: `${badAgain.event.key}\n${badAgain.event.versionId}`,
        data: { model: MODEL, dataset: bad.outcome.dataset, key: badAgain.event.key, accepted: false },
      },
    ]);
    expect(shop.told.filter(({ type }) => type === 'DatasetRepeated.v1')[2]).toEqual(before[0]);
  });

  it('is judged anew under new rules', async () => {
    const shop = await world();
    await shop.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    await shop.publish(DEFINITION.replace('delay > 5', 'delay > 7'));

    const { outcome } = await shop.arrive(`incoming/${MODEL}/a-again.csv`, journeys(3));

    expect(outcome.outcome).toBe('accepted');
    expect(shop.told[1]?.about).not.toBe(shop.told[0]?.about);
  });

  it('is judged again under new rules when its upload is told again, once, and came when it came', async () => {
    const shop = await world();
    const { event, outcome } = await shop.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    const first = await shop.arrival(event);
    const published = await shop.publish(DEFINITION.replace('delay > 5', 'delay > 7'));
    const later = new Date('2001-02-09T00:00:00Z');

    const again = await shop.validate(woken(event, later));

    expect(again).toEqual(outcome);
    const under = keys.arrivalUnder(MODEL, event.key, event.versionId, published.rulesDigest);
    expect(await shop.ledger.read(arrivalSchema, under)).toEqual({ ...first, rulesDigest: published.rulesDigest });
    expect(await shop.arrival(event)).toEqual(first);
    expect(await verdictOf({ ...shop, published }, outcome.dataset)).toMatchObject({
      accepted: true,
      judgedAt: later.toISOString(),
    });
    expect(shop.told[1]?.about).not.toBe(shop.told[0]?.about);
    const [before, told] = [await shop.contents(), shop.told.length];
    expect(await shop.validate(woken(event, new Date('2001-03-09T00:00:00Z')))).toEqual(outcome);
    expect(await shop.contents()).toEqual(before);
    expect(shop.told[told]).toEqual(shop.told[1]);
  });

  it('is judged again under new rules that reject what the old ones let in, and the other way round', async () => {
    // To these rules a delay is the label itself, and most are neither 0 nor 1.
    const strict = DEFINITION.replace('{ name: late, sql: delay > 5 }', 'delay');
    const shop = await world();
    const { event, outcome } = await shop.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    await shop.publish(strict);

    const stricter = await shop.validate(woken(event));

    expect(stricter).toEqual({ outcome: 'rejected', dataset: outcome.dataset });
    const other = await world(strict);
    const refused = await other.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    expect(refused.outcome.outcome).toBe('rejected');
    await other.publish(DEFINITION);
    expect(await other.validate(woken(refused.event))).toEqual({
      outcome: 'accepted',
      dataset: refused.outcome.dataset,
    });
    expect(other.store.keys()).toContain(keys.profile(MODEL, refused.outcome.dataset ?? ''));
  });

  it('is judged again as the folder it was, by its _SUCCESS', async () => {
    const shop = await world();
    await shop.arrive(`incoming/${MODEL}/jan/part-0.csv`, journeys(2));
    const { event, outcome } = await shop.arrive(`incoming/${MODEL}/jan/_SUCCESS`, '');
    await shop.arrive(`incoming/${MODEL}/jan/part-1.csv`, journeys(2, 24, 3));
    const published = await shop.publish(DEFINITION.replace('delay > 5', 'delay > 7'));

    const again = await shop.validate(woken(event));

    expect(again).toEqual(outcome);
    expect(await verdictOf({ ...shop, published }, outcome.dataset)).toMatchObject({ accepted: true, rows: 48 });
  });

  it('ends the same when a crash came before the arrival was recorded', async () => {
    const shop = await world();
    const { event, outcome } = await shop.arrive(`incoming/${MODEL}/a.csv`, journeys(3));
    const restarted = await world();
    for (const key of shop.store.keys()) {
      if (!key.startsWith('arrivals/')) await restarted.store.put(key, (await shop.store.get(key))?.body ?? '');
    }
    await restarted.upload(event.key, journeys(3));

    const again = await restarted.validate(woken(event));

    expect(again).toEqual(outcome);
    expect(await restarted.contents()).toEqual(await shop.contents());
  });
});

describe('an upload', () => {
  const late = DEFINITION.replace('late, sql: delay > 5', 'late, sql: late = 1');

  it.each([
    ['accepted CSV', journeys(4), DEFINITION, 'accepted'],
    ['gzip', gzipSync(journeys(4)), DEFINITION, 'accepted'],
    ['JSON Lines', '{"at":"2001-01-01T00:00:00Z","line":"A","load":1.5,"delay":3}\n', DEFINITION, 'accepted'],
    ['CSV whose types show late', `${journeys(4)}2001-01-05 00:00:00,A,much,1\n`, DEFINITION, 'rejected'],
    [
      'CSV that breaks a rule',
      journeys(4),
      `${DEFINITION}  rules: [{ rule: row_count_between, min: 1000 }]\n`,
      'rejected',
    ],
    ['CSV without the label', journeys(4), late, 'rejected'],
  ])('is read from the bucket once: %s', async (_, body, yaml, outcome) => {
    const shop = dataWorld();
    await shop.publish(yaml);
    const event = await shop.upload(`incoming/${MODEL}/january`, body);
    const opened: string[] = [];
    const data: typeof shop.data = {
      ...shop.data,
      open: (key, versionId) => {
        opened.push(`${key} ${versionId}`);
        return shop.data.open(key, versionId);
      },
    };

    const judged = await validateData({ ...shop, data })(woken(event));

    expect(judged.outcome).toBe(outcome);
    expect(opened).toEqual([`${event.key} ${event.versionId}`]);
  });
});

describe('a folder', () => {
  it('waits for its _SUCCESS, and is then one dataset of its parts', async () => {
    const shop = await world();
    const a = await shop.arrive(`incoming/${MODEL}/jan/part-0.csv`, journeys(2));
    const b = await shop.arrive(`incoming/${MODEL}/jan/deep/part-1.csv.gz`, gzipSync(journeys(2, 24, 3)));
    await shop.arrive(`incoming/${MODEL}/jan/_metadata`, 'not data');
    expect([a.outcome.outcome, b.outcome.outcome]).toEqual(['part', 'part']);
    expect(shop.told).toEqual([]);

    const { outcome } = await shop.arrive(`incoming/${MODEL}/jan/_SUCCESS`, '');

    expect(outcome.outcome).toBe('accepted');
    const profile = await shop.ledger.read(datasetProfileSchema, keys.profile(MODEL, outcome.dataset ?? ''));
    expect(profile.rows).toBe(96);
    expect(profile.data).toHaveLength(2);
  });

  it('is what it held when it was closed, whatever was uploaded since', async () => {
    const shop = await world();
    await shop.upload(`incoming/${MODEL}/jan/part-0.csv`, journeys(2));
    const closed = await shop.upload(`incoming/${MODEL}/jan/_SUCCESS`, '');
    const first = await shop.validate(woken(closed));
    const restarted = await world();
    for (const key of shop.store.keys()) {
      const isPin = key.startsWith('arrivals/') && key.endsWith('-parts.json');
      if (isPin) await restarted.store.put(key, (await shop.store.get(key))?.body ?? '');
    }
    await restarted.upload(`incoming/${MODEL}/jan/part-0.csv`, journeys(2));
    await restarted.upload(`incoming/${MODEL}/jan/_SUCCESS`, '');
    await restarted.upload(`incoming/${MODEL}/jan/part-0.csv`, journeys(5));
    await restarted.upload(`incoming/${MODEL}/jan/part-1.csv`, journeys(5));

    const again = await restarted.validate(woken(closed));

    expect(again).toEqual(first);
  });

  it('that holds nothing is rejected, and somebody is told', async () => {
    const shop = await world();

    const { outcome, event } = await shop.arrive(`incoming/${MODEL}/jan/_SUCCESS`, '');
    await shop.validate(woken(event));

    expect(outcome).toEqual({ outcome: 'rejected' });
    expect(shop.told).toHaveLength(2);
    expect(shop.told[1]).toEqual(shop.told[0]);
    expect(shop.told[0]).toMatchObject({
      type: 'DatasetRejected.v1',
      data: { dataset: null, problems: [{ code: 'no_rows' }] },
    });
  });
});

describe('bad data', () => {
  it('is rejected with lines, columns and reasons, in the event, the verdict and a report', async () => {
    const shop = await world();
    await shop.arrive(`incoming/${MODEL}/good.csv`, journeys(3));
    const lines = journeys(2).split('\n');
    lines[4] = '2001-01-01 03:00:00,A,1.5';
    lines[9] = '2001-01-01 08:00:00,A,heavy,3';
    lines[12] = '2001-01-01 11:00:00,A,1.5,';

    const { outcome, event } = await shop.arrive(`incoming/${MODEL}/bad.csv`, lines.join('\n'));

    expect(outcome.outcome).toBe('rejected');
    const verdict = await verdictOf(shop, outcome.dataset);
    expect(verdict.problems.map(({ code, line, column }) => [code, line, column])).toEqual([
      ['ragged_row', 5, undefined],
      ['cell_not_parsed', 10, 'load'],
      ['label_missing', 13, 'late'],
    ]);
    expect(shop.told[1]).toMatchObject({
      type: 'DatasetRejected.v1',
      data: { key: event.key, problems: verdict.problems },
    });
    const report = Buffer.from((await shop.store.get(verdict.reportKey ?? ''))?.body ?? []).toString();
    expect(report).toContain('Rejected');
    expect(report).toContain('where the header names 4 columns');
    expect(report).not.toContain('heavy');
    expect(shop.store.keys()).not.toContain(keys.profile(MODEL, outcome.dataset ?? ''));
    expect(Buffer.from((await shop.data.get(event.key))?.body ?? []).toString()).toBe(lines.join('\n'));
  });

  it('changes nothing when the event comes again', async () => {
    const shop = await world();
    const { event } = await shop.arrive(`incoming/${MODEL}/bad.csv`, 'at,line\n1\n');
    const before = await shop.contents();

    const again = await shop.validate(woken(event, new Date('2001-03-01T00:00:00Z')));

    expect(again.outcome).toBe('rejected');
    expect(await shop.contents()).toEqual(before);
    expect(shop.told[1]).toEqual(shop.told[0]);
  });

  it('may lack a column the model needs', async () => {
    const shop = await world();

    const { outcome } = await shop.arrive(`incoming/${MODEL}/bad.csv`, journeys(2).replace('line', 'route'));

    const { problems } = await verdictOf(shop, outcome.dataset);
    expect(problems).toMatchObject([{ code: 'column_missing', column: 'line' }]);
  });

  it('may have cells that make a column of numbers text, even the first time', async () => {
    const shop = await world();

    const { outcome } = await shop.arrive(`incoming/${MODEL}/bad.csv`, journeys(2).replace(',0\n', ',none so late\n'));

    const { problems } = await verdictOf(shop, outcome.dataset);
    expect(problems.slice(0, 2)).toMatchObject([
      { code: 'cell_not_parsed', column: 'delay', line: 2 },
      { code: 'column_type_mismatch', message: expect.stringContaining('data.label') },
    ]);
  });

  it('may have labels that are neither 0 nor 1, or times that are missing', async () => {
    const shop = await world(DEFINITION.replace('{ name: late, sql: delay > 5 }', 'delay'));
    const rows = ['at,line,load,delay', '2001-01-01 00:00:00,A,1,0', '2001-01-01 00:00:00,A,1,2', ',A,1,1'];

    const { outcome } = await shop.arrive(`incoming/${MODEL}/bad.csv`, rows.join('\n'));

    const { problems } = await verdictOf(shop, outcome.dataset);
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['label_invalid', 3],
      ['time_missing', 4],
    ]);
  });

  it.each([
    ['an empty file', '', 'empty_file'],
    ['a header alone', 'at,line,load,delay\n', 'no_rows'],
    ['Latin-1', Buffer.from('at,line\nx,\xe9\n', 'latin1'), 'encoding'],
    ['a truncated gzip file', gzipSync(journeys(3)).subarray(0, 200), 'gzip_corrupt'],
    ['a truncated Parquet file', Buffer.from('PAR1\u0015\u0004 and no more'), 'parquet_corrupt'],
    ['a workbook', Buffer.from('PK\u0003\u0004xlsx'), 'not_a_table'],
  ])('may be %s, and the loop stays alive', async (_, body, code) => {
    const shop = await world();

    const { outcome } = await shop.arrive(`incoming/${MODEL}/bad`, body);

    expect(outcome.outcome).toBe('rejected');
    expect((await verdictOf(shop, outcome.dataset)).problems.map((problem) => problem.code)).toEqual([code]);
  });
});

describe('what is not judged', () => {
  it('is too large for the platform: it is put off, and a person is told once and for all', async () => {
    const shop = await world();
    const event = await shop.upload(`incoming/${MODEL}/huge.csv`, 'x');

    await shop.validate(woken({ ...event, sizeBytes: MAX_BYTES + 1 }));
    await shop.validate(woken({ ...event, sizeBytes: MAX_BYTES + 1 }));

    expect((await shop.putOff(event))?.outcome).toBe('deferred');
    expect(shop.told.map(({ type }) => type)).toEqual(['DatasetDeferred.v1', 'DatasetDeferred.v1']);
    expect(shop.told[1]).toEqual(shop.told[0]);
  });

  it('is for a model nobody has published: the reason is recorded', async () => {
    const shop = await world(null);

    const { event, outcome } = await shop.arrive('incoming/unknown/a.csv', journeys(1));

    expect(outcome).toEqual({ outcome: 'ignored' });
    expect(await shop.arrival(event, '-')).toMatchObject({
      outcome: 'ignored',
      reason: 'no model unknown is published',
    });
    expect(shop.told).toEqual([]);
  });
});

describe('a manifest', () => {
  const folder = `incoming/${MODEL}/jan/`;

  /** Uploads parts that no `_SUCCESS` closes, and gives their versions in the order of their keys. */
  const uploaded = async (shop: World, parts: Readonly<Record<string, string>>, below = folder) => {
    const versions = [];
    for (const [name, body] of Object.entries(parts)) {
      const { key, versionId } = await shop.upload(`${below}${name}`, body);
      versions.push({ key, versionId });
    }
    return versions.sort((a, b) => (a.key < b.key ? -1 : 1));
  };

  /** Announces parts by a manifest. */
  const announce = async (shop: World, parts: readonly { readonly key: string; readonly versionId: string }[]) =>
    (await shop.arrive(`incoming/${MODEL}/january.manifest.json`, JSON.stringify({ parts }))).outcome;

  it.each([
    ['some parts', { 'a.csv': journeys(3), 'b.csv': journeys(2) }],
    ['one part', { 'a.csv': journeys(3) }],
    ['one part in a folder below', { 'x/y/a.csv': journeys(3) }],
    ['parts in one folder below', { 'x/a.csv': journeys(3), 'x/b.csv': journeys(2) }],
    ['parts in folders below', { 'a.csv': journeys(1), 'x/b.csv': journeys(2), 'y/a.csv': journeys(3) }],
  ])('announces the dataset that a closed folder of the same parts would be: %s', async (_, parts) => {
    const [announced, closed] = [await world(), await world()];
    const versions = await uploaded(announced, parts);
    await announced.upload(`${folder}a.csv`, 'a newer version, which nobody named');
    await uploaded(closed, parts);

    const outcome = await announce(announced, versions.toReversed());

    expect(outcome).toEqual((await closed.arrive(`${folder}_SUCCESS`, '')).outcome);
    expect(outcome.outcome).toBe('accepted');
    const { sources } = await announced.ledger.read(datasetSchema, keys.dataset(MODEL, outcome.dataset ?? ''));
    expect(sources.map(({ key, versionId }) => ({ key, versionId }))).toEqual(versions);
  });

  it('is known again as the folder that was closed before', async () => {
    const shop = await world();
    const versions = await uploaded(shop, { 'x/a.csv': journeys(3) });
    const closed = (await shop.arrive(`${folder}_SUCCESS`, '')).outcome;

    const outcome = await announce(shop, versions);

    expect(outcome.dataset).toBe(closed.dataset);
  });

  it('of one part is not the part by itself, whose name means nothing', async () => {
    const shop = await world();
    const body = journeys(3);
    const alone = (await shop.arrive(`incoming/${MODEL}/a.csv`, body)).outcome;

    const outcome = await announce(shop, await uploaded(shop, { 'a.csv': body }));

    expect(outcome.dataset).not.toBe(alone.dataset);
    expect(alone.dataset).toBe(datasetId({ file: createHash('sha256').update(body).digest('hex') }));
  });

  it('of parts in several folders tells them apart by folder', async () => {
    const shop = await world();
    const [jan = '', feb = ''] = [journeys(2), journeys(2, 24, 5)];
    const versions = [
      ...(await uploaded(shop, { 'a.csv': jan }, `incoming/${MODEL}/jan/`)),
      ...(await uploaded(shop, { 'a.csv': feb }, `incoming/${MODEL}/feb/`)),
    ];

    const outcome = await announce(shop, versions);

    const sha256 = (body: string) => createHash('sha256').update(body).digest('hex');
    expect(outcome.dataset).toBe(
      datasetId({
        folder: [
          { name: 'feb/a.csv', sha256: sha256(feb) },
          { name: 'jan/a.csv', sha256: sha256(jan) },
        ],
      }),
    );
  });

  it.each([
    ['is not JSON', 'parts: none', 'not JSON'],
    ['names no part', '{ "parts": [] }', 'parts'],
    ['has a member that is unknown', '{ "parts": [{ "key": "k", "versionId": "v", "size": 1 }] }', 'size'],
    [
      'names a part twice',
      '{ "parts": [{ "key": "incoming/late-bus/f/a.csv", "versionId": "1" }, { "key": "incoming/late-bus/f/a.csv", "versionId": "2" }] }',
      'twice',
    ],
    [
      'names the data of another model',
      '{ "parts": [{ "key": "incoming/other/f/a.csv", "versionId": "1" }] }',
      'no part',
    ],
    ['leaves the data', '{ "parts": [{ "key": "incoming/late-bus/../x/a.csv", "versionId": "1" }] }', 'no part'],
    ['names a dataset by itself', '{ "parts": [{ "key": "incoming/late-bus/a.csv", "versionId": "1" }] }', 'no part'],
    [
      'names a version that is not there',
      '{ "parts": [{ "key": "incoming/late-bus/f/a.csv", "versionId": "1" }] }',
      'no version',
    ],
  ])('that %s is rejected, and told again when the event comes again', async (_, body, reason) => {
    const shop = await world();

    const { event, outcome } = await shop.arrive(`incoming/${MODEL}/bad.manifest.json`, body);
    await shop.validate(woken(event));

    expect(outcome).toEqual({ outcome: 'rejected' });
    const [first, again, ...others] = shop.told;
    expect(first).toMatchObject({
      type: 'DatasetRejected.v1',
      data: { dataset: null, problems: [{ code: 'manifest_invalid', message: expect.stringContaining(reason) }] },
    });
    expect(again).toEqual(first);
    expect(others).toEqual([]);
  });
});

it.each([
  ['incoming/m/a.csv', { kind: 'file', model: 'm', name: 'a.csv' }],
  ['incoming/m/a.manifest.json', { kind: 'manifest', model: 'm', name: 'a.manifest.json' }],
  ['incoming/m/f/a.manifest.json', { kind: 'part', model: 'm' }],
  ['incoming/m/f/a.csv', { kind: 'part', model: 'm', folder: 'incoming/m/f/', name: 'a.csv' }],
  ['incoming/m/f/g/a.csv', { kind: 'part', model: 'm', folder: 'incoming/m/f/' }],
  ['incoming/m/f/_SUCCESS', { kind: 'success', model: 'm', folder: 'incoming/m/f/' }],
  ['incoming/m/f/g/_SUCCESS', { kind: 'ignored', model: 'm' }],
  ['incoming/m/_SUCCESS', { kind: 'ignored', model: 'm' }],
  ['incoming/m/_temporary/a.csv', { kind: 'ignored', model: 'm' }],
  ['incoming/m/.hidden', { kind: 'ignored', model: 'm' }],
  ['incoming/m/f/', { kind: 'ignored', model: 'm' }],
  ['incoming/m/', { kind: 'ignored', model: 'm' }],
  ['incoming/m', { kind: 'ignored', model: undefined }],
  ['incoming//a.csv', { kind: 'ignored', model: undefined }],
  ['elsewhere/m/a.csv', { kind: 'ignored', model: undefined }],
])('knows what the key %s means', (key, meaning) => {
  expect(incomingKey(key)).toMatchObject(meaning);
});

describe('rules', () => {
  const ruled = (...rules: string[]) =>
    DEFINITION.replace('  features:', `  rules:\n${rules.map((rule) => `    - ${rule}\n`).join('')}  features:`);

  it('that only warn let data pass, and stand in the verdict and the report', async () => {
    const shop = await world(ruled('{ rule: values_between, column: load, max: 5, severity: warn }'));

    const { outcome } = await shop.arrive(`incoming/${MODEL}/january.csv`, journeys(10));

    expect(outcome.outcome).toBe('accepted');
    const { checks, classes, reportKey } = await verdictOf(shop, outcome.dataset);
    expect(checks?.[0]).toMatchObject({
      rule: 'values_between',
      index: 0,
      column: 'load',
      result: 'warn',
      threshold: '>= 1',
      evaluated: 240,
      samples: [{ line: 3 }, { line: 6 }, { line: 7 }, { line: 9 }, { line: 10 }],
    });
    expect(classes?.reduce((sum, [, rows]) => sum + rows, 0)).toBe(240);
    const report = Buffer.from((await shop.store.get(reportKey ?? ''))?.body ?? []).toString();
    expect(report).toContain('lie outside the limits');
  });

  it('that fail reject, and the sender is told which, where', async () => {
    const shop = await world(
      ruled('{ rule: values_between, column: load, max: 5 }', '{ rule: row_count_between, max: 100 }'),
    );

    const { outcome } = await shop.arrive(`incoming/${MODEL}/january.csv`, journeys(10));

    expect(outcome.outcome).toBe('rejected');
    expect(shop.told[0]).toMatchObject({
      type: 'DatasetRejected.v1',
      data: {
        problems: [
          {
            code: 'rule_broken',
            rule: 'values_between',
            column: 'load',
            line: 3,
            message: expect.stringMatching(/also lines 6, 7, 9, 10$/),
          },
          { code: 'rule_broken', rule: 'row_count_between', message: expect.stringContaining('240') },
        ],
      },
    });
  });

  it('hold a dataset against those accepted before it', async () => {
    const shop = await world(ruled('{ rule: row_count_vs_history }'));
    for (const [at, perDay] of [20, 21, 22, 23].entries())
      await shop.arrive(`incoming/${MODEL}/part-${at}.csv`, journeys(3, perDay, at + 1));

    const usual = await shop.arrive(`incoming/${MODEL}/usual.csv`, journeys(3, 24, 9));
    const short = await shop.arrive(`incoming/${MODEL}/short.csv`, journeys(1, 5, 20));

    expect([usual.outcome.outcome, short.outcome.outcome]).toEqual(['accepted', 'rejected']);
    const { problems } = await verdictOf(shop, short.outcome.dataset);
    expect(problems).toMatchObject([
      { rule: 'row_count_vs_history', message: expect.stringContaining('5 accepted datasets') },
    ]);
  });
});
