/** Categories encoded by what was learned of them: from the rows to train on to the served answer. */
import { describe, expect, it } from 'vitest';

import type { ContainerImage } from '../../local/contracts.ts';
import { preparedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { parcels, retold } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';
import { fixedModel } from './fixed-model.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-encoded';

closeAfterEach();

const { program } = fixedModel;
if (!program) throw new Error('the fixed model runs in this process');

/** A model that goes by every feature it is given, so that no two encodings of a row have the same answer. */
const attentiveModel: ContainerImage = {
  ...fixedModel,
  program: {
    ...program,
    serve: async () => async (body) => {
      const scores = linesOf(body).map((line) => {
        const [distance = 0, late = 0, share = 0] = line.split(',').map(Number);
        return 1 / (1 + Math.exp((450 - distance) / 200 - late - 3 * share));
      });
      const text = `${scores.join('\n')}\n`;
      return { status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' }, body: Buffer.from(text) };
    },
  },
};

const linesOf = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString().trimEnd().split('\n');

const bytesOf = async (world: World, key: string): Promise<Uint8Array> => {
  const object = await world.store.get(key);
  if (object === undefined) throw new Error(`there is no ${key}`);
  return object.body;
};

describe('a model whose categories are encoded by target and by frequency', () => {
  it('serves, for each row it was judged on, the answer that it was judged by', async () => {
    const world = await startWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z', image: attentiveModel });
    let parcel = 0;
    const csv = retold(parcels('2001-03-01', 12), (each) => {
      parcel += 1;
      // Some carriers have more parcels than others, and one has too few to be told by name.
      const carrier = parcel % 400 === 0 ? 'emu' : parcel % 3 === 0 ? 'ant' : each.carrier;
      // No other parcel goes as far to the ten-thousandth: the model's input tells which one a row is.
      const distance = String(Number(each.distance) + parcel / 10_000);
      return { parcel: String(parcel), ...each, carrier, distance };
    });
    const [, ...lines] = csv.trimEnd().split('\n');
    const cells = new Map(lines.map((line) => [Number(line.split(',')[4]), line.split(',')] as const));

    await world.land(`incoming/${MODEL}/first.csv`, csv);
    await pass(world, 2 * HOUR_MS);
    const run = (await world.runs(MODEL)).at(-1) ?? '';
    const { splits } = await world.ledger.read(preparedSchema, keys.prepared(MODEL, run));
    const [part] = splits.gate.parts;
    const encoded = linesOf(await bytesOf(world, part?.dataKey ?? '')).map((line) => line.split(',').map(Number));
    const judged = encoded.map(([distance = Number.NaN]) => distance);
    const offline: number[] = [];
    for await (const { key } of world.store.list(keys.scores(MODEL, run, 'cand')))
      offline.push(...linesOf(await bytesOf(world, key)).map(Number));
    const served: number[] = [];
    for (let from = 0; from < judged.length; from += 100) {
      const records = judged.slice(from, from + 100).map((each) => {
        const [id, , carrier = '', , distance] = cells.get(each) ?? [];
        return { parcel: Number(id), carrier, distance: Number(distance) };
      });
      const { status, body } = await world.predict(MODEL, { records });
      expect(status, JSON.stringify(body)).toBe(200);
      const { predictions }: { predictions: { score: number }[] } = JSON.parse(JSON.stringify(body));
      served.push(...predictions.map(({ score }) => score));
    }

    expect(
      (await world.ends(MODEL)).map((end) => end?.end),
      world.errors().join('\n'),
    ).toEqual(['promoted']);
    expect(judged.length).toBeGreaterThan(200);
    expect(new Set(encoded.map(([, late]) => late)).size).toBe(5);
    expect(new Set(encoded.map(([, , share]) => share)).size).toBeGreaterThanOrEqual(4);
    expect(served).toEqual(offline);
  });
});
