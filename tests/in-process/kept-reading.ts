/**
 * The reading and judging of a dataset, done once for the same bytes under the same terms. The bytes are fetched every
 * time, and the typed copies are written every time where the reader would have written them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { type DatasetJudge, datasetJudge } from '../../shared/data/judge-dataset.ts';
import { beyondLimits } from '../../shared/data/problems.ts';
import { correlationsOf } from '../../shared/data/profile/correlations.ts';
import { type ReadDataset, readDataset } from '../../shared/data/read-dataset.ts';
import type { RuleCounts } from '../../shared/data/rules/counts.ts';
import { type DeliveredPart, openBytes } from '../../shared/data/sources/part.ts';
import { contentOf, createKept, frozen } from './kept-answers.ts';

/** What a reading came to, without what is asked of it later. */
interface KeptReading {
  readonly found: Omit<ReadDataset, 'parts' | 'lines' | 'tellUnparsed'>;
  readonly counts: RuleCounts;
  readonly copies: readonly {
    readonly part: Omit<ReadDataset['parts'][number], 'path'>;
    readonly file: string;
    readonly bytes: Buffer;
  }[];
}

const readings = createKept<KeptReading>();
const judgements = createKept<Awaited<ReturnType<DatasetJudge['judge']>>>();
const correlations = createKept<Awaited<ReturnType<typeof correlationsOf>>>();

/** A judge whose data is being read, or was read before: then what its rules would have counted is known. */
interface WaitingJudge {
  /** What its terms are known by. */
  readonly terms: string;
  readonly counted: () => RuleCounts;
  counts?: RuleCounts;
}

/** By what visits the data for them. */
const judges = new WeakMap<DatasetJudge['visit'], WaitingJudge>();
/** What a dataset that was read, and the copies of it, are known by. */
const contents = new WeakMap<object, string>();

const judgeOf: typeof datasetJudge = (terms) => {
  const real = datasetJudge(terms);
  const waiting: WaitingJudge = { terms: contentOf(terms), counted: real.counts };
  judges.set(real.visit, waiting);
  const counted = () => waiting.counts ?? real.counts();
  return {
    ...real,
    counts: counted,
    async judge(engine, read, dataset, counts = counted()) {
      const content = contents.get(read);
      if (content === undefined) return real.judge(engine, read, dataset, counts);
      const question = contentOf(content, waiting.terms, dataset, counts);
      return (
        judgements.get(question) ?? judgements.keep(question, frozen(await real.judge(engine, read, dataset, counts)))
      );
    },
  };
};

const whole = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of pieces) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** A part whose bytes are here already. */
const partOf = (name: string, bytes: Uint8Array): DeliveredPart => ({
  name,
  open: async () =>
    (async function* () {
      yield bytes;
    })(),
});

const read: typeof readDataset = async (engine, parts, options) => {
  // How much time is left is of the reading and not of what it finds.
  const { directory, expected, time: _time, visit = [], ...others } = options;
  const [visitor] = visit;
  const judge = visitor && judges.get(visitor);
  // Who counts by something else is not known by its terms.
  if (judge === undefined || visit.length > 1) return readDataset(engine, parts, options);
  const delivered: { readonly name: string; readonly bytes: Buffer }[] = [];
  for (const part of parts) delivered.push({ name: part.name, bytes: await whole(await openBytes(part)) });
  const content = contentOf(delivered, judge.terms, others);
  const again = delivered.map(({ name, bytes }) => partOf(name, bytes));

  const known = readings.get(content);
  if (known === undefined) {
    const found = await readDataset(engine, again, options);
    // Where it stopped for want of time, it may come further the next time.
    if (beyondLimits(found.problems) !== undefined) return found;
    const { parts: typed, lines: _lines, tellUnparsed: _tell, ...plain } = found;
    contents.set(found, content);
    contents.set(typed, content);
    readings.keep(content, {
      found: frozen(plain),
      counts: frozen(judge.counted()),
      copies: typed.map(({ path, ...part }) => ({ part, file: basename(path), bytes: readFileSync(path) })),
    });
    return found;
  }
  judge.counts = known.counts;
  const copies = known.copies.map(({ part, file, bytes }) => {
    const path = join(directory, file);
    writeFileSync(path, bytes);
    return { ...part, path };
  });
  let reading: Promise<ReadDataset> | undefined;
  /** What is asked of single cells and lines is looked up in the data. */
  const really = async (): Promise<ReadDataset> => {
    reading ??= mkdir(join(directory, 'again')).then(() =>
      readDataset(engine, again, { ...others, ...(expected && { expected }), directory: join(directory, 'again') }),
    );
    return reading;
  };
  const found: ReadDataset = {
    ...known.found,
    parts: copies,
    lines: async (part, ordinals) => (await really()).lines(part, ordinals),
    tellUnparsed: async (log, column, type) => (await really()).tellUnparsed(log, column, type),
  };
  contents.set(found, content);
  contents.set(copies, content);
  return found;
};

const correlate: typeof correlationsOf = async (engine, parts, columns) => {
  const content = contents.get(parts);
  if (content === undefined) return correlationsOf(engine, parts, columns);
  const question = contentOf(content, columns);
  return (
    correlations.get(question) ?? correlations.keep(question, frozen(await correlationsOf(engine, parts, columns)))
  );
};

/** What `validate-data` does with the bytes of a dataset. */
export const keptReading = { datasetJudge: judgeOf, readDataset: read, correlationsOf: correlate };
