/** Data that was read before is read, judged and prepared as for the first time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPublications } from '../../cli/verbs/publish.ts';
import { datasetJudge, type JudgeTerms } from '../../shared/data/judge-dataset.ts';
import { ProblemLog } from '../../shared/data/problems.ts';
import { correlationsOf } from '../../shared/data/profile/correlations.ts';
import { readDataset } from '../../shared/data/read-dataset.ts';
import fc from '../fast-check.ts';
import { parcels } from '../loop/parcels.ts';
import { objectsOf } from '../loop/world.ts';
import { keptReading } from './kept-reading.ts';
import { openRememberingEngine } from './remembering-engine.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-ruled';
const NOW = new Date('2001-03-20T06:00:00Z');

let folder: string;
let terms: JudgeTerms;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kept-reading-'));
  const [publication] = await readPublications([`tests/fixtures/loop/models/${MODEL}.yml`]);
  if (!publication) throw new Error(`no definition of ${MODEL}`);
  terms = { published: publication.published, before: null, history: [], now: NOW };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a delivery as `validate-data` does, and tells all that can be asked of it. */
const readBy = async (work: typeof keptReading, name: string, data: string) => {
  const directory = mkdtempSync(join(folder, 'read-'));
  const engine = await openRememberingEngine({ memoryLimitMb: 512, tempDirectory: directory });
  try {
    const judging = work.datasetJudge(terms);
    const open = async () =>
      (async function* () {
        yield Buffer.from(data);
      })();
    const options = { directory, expected: judging.expected, maxBytes: 1_000_000, visit: [judging.visit] };
    const read = await work.readDataset(engine, [{ name, open }], options);
    const judgement = await judging.judge(engine, read, 'a-dataset');
    const columns = read.profile?.columns ?? [];
    const told = new ProblemLog();
    if (read.parts.length > 0) await read.tellUnparsed(told, 'carrier', 'integer');
    const { parts, lines, tellUnparsed: _tell, ...found } = read;
    return {
      found,
      counts: judging.counts(),
      judgement,
      correlations: await work.correlationsOf(engine, parts, columns),
      copies: parts.map(({ path, ...part }) => ({ ...part, file: basename(path), bytes: readFileSync(path) })),
      lines: parts.length > 0 && (read.rows ?? 0) > 1 ? await lines(0, [0, 1]) : [],
      unparsed: told.list(),
    };
  } finally {
    engine.close();
  }
};

/** Rows of a delivery with something wrong here and there. */
const delivery = fc
  .record({
    perDay: fc.integer({ min: 1, max: 12 }),
    spoilt: fc.constantFrom('', 'x,y', '2001-03-01T00:00:00,bee,heavy,12,3', '2001-03-01T00:00:00,,1,12,'),
    twice: fc.boolean(),
  })
  .map(({ perDay, spoilt, twice }) => {
    const [header = '', ...rows] = parcels('2001-03-01', 3, perDay).trimEnd().split('\n');
    return `${[header, ...rows, ...(twice ? rows.slice(0, 1) : []), ...(spoilt === '' ? [] : [spoilt])].join('\n')}\n`;
  });

describe('a delivery that was read before', () => {
  it('comes to what reading it comes to', async () => {
    const real = { datasetJudge, readDataset, correlationsOf };
    await fc.assert(
      fc.asyncProperty(delivery, async (data) => {
        const anew = await readBy(real, 'a.csv', data);
        const first = await readBy(keptReading, 'a.csv', data);
        const second = await readBy(keptReading, 'a.csv', data);

        expect(first).toEqual(anew);
        expect(second).toEqual(anew);
      }),
      { numRuns: 6, seed: 3 },
    );
  });

  it('is another one under another name or under other terms', async () => {
    const data = parcels('2001-03-01', 2, 5).replace('2001-03-01T00:00:00', 'never');
    const { found } = await readBy(keptReading, 'a.csv', data);

    const renamed = await readBy(keptReading, 'b.csv', data);
    terms = { ...terms, now: new Date('2000-01-01T00:00:00Z') };
    const earlier = await readBy(keptReading, 'a.csv', data);
    const real = await readBy({ datasetJudge, readDataset, correlationsOf }, 'a.csv', data);

    expect(renamed.found.delivered.map(({ name }) => name)).toEqual(['b.csv']);
    expect(found.delivered.map(({ name }) => name)).toEqual(['a.csv']);
    expect(earlier).toEqual(real);
    terms = { ...terms, now: NOW };
  });
});

describe('a story that was told before', () => {
  it('leaves every byte it left when it was new, also after another', async () => {
    const tell = async (from: string) => {
      const world = await startInProcessWorld({ models: ['parcel-late'], start: '2001-03-20T06:00:00Z' });
      try {
        await world.land('incoming/parcel-late/first.csv', parcels(from, 12, 34));
        await world.land('incoming/parcel-late/second.csv', parcels('2001-03-13', 5, 34));
        return await objectsOf(world.s3, world.outputs.StoreBucketName ?? '');
      } finally {
        await world.close();
      }
    };

    const first = await tell('2001-03-01');
    const other = await tell('2001-02-27');
    const again = await tell('2001-03-01');

    expect(Object.keys(first).length).toBeGreaterThan(50);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});
