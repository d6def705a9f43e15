/** A window of captured requests as files on disk, and the run that answered them: for the benchmark of drift. */
import { createReadStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import type { RunInput } from '../shared/data/run-input.ts';
import { randomStream } from '../shared/evaluation/random.ts';
import type { Champion } from '../shared/ledger/facts.ts';
import { keys } from '../shared/ledger/keys.ts';
import type { ObjectStore } from '../shared/ledger/object-store.ts';
import { type Baseline, buildBaseline } from '../shared/monitoring/baseline.ts';
import {
  featureCells,
  featureSpecs,
  predictionCells,
  predictionSpecs,
  withUnseen,
} from '../shared/monitoring/model-columns.ts';
import type { Window } from '../shared/monitoring/windows.ts';

const DAY_MS = 86_400_000;
const SEED = 20_010_125;

export const WINDOW: Window = { startMs: Date.parse('2001-01-25'), endMs: Date.parse('2001-01-26') };

export const CHAMPION: Champion = {
  model: 'bench',
  n: 1,
  run: '20010101-0123456789',
  definitionDigest: 'd',
  inputDigest: 'i',
  modelName: 'm',
  modelPackageArn: 'arn',
  endpointName: 'mr-dev-bench-abcdef',
  endpointConfigName: 'c',
  trainedBefore: null,
  since: '2001-01-02T00:00:00.000Z',
};

const CATEGORIES = ['ant', 'bee', 'crow', 'dove', 'emu', 'fox', 'gnu', 'hen', 'ibis', 'jay'];
const NUMBERS = Array.from({ length: 16 }, (_, at) => `n${at}`);
const KINDS = ['c0', 'c1', 'c2', 'c3'];

/** Twenty features: sixteen numbers and four categories. */
export const INPUT: RunInput = {
  model: CHAMPION.model,
  run: CHAMPION.run,
  definitionDigest: 'd',
  inputDigest: 'i',
  problem: 'binary',
  label: { name: 'late', type: 'boolean', expression: { op: 'column', name: 'late' } },
  features: [
    ...NUMBERS.map((name) => ({
      name,
      kind: 'number' as const,
      type: 'number' as const,
      expression: { op: 'column' as const, name },
    })),
    ...KINDS.map((name) => ({
      name,
      kind: 'category' as const,
      type: 'string' as const,
      expression: { op: 'column' as const, name },
    })),
  ],
  inputColumns: [...NUMBERS, ...KINDS],
  columnTypes: {
    ...Object.fromEntries(NUMBERS.map((name) => [name, 'number' as const])),
    ...Object.fromEntries(KINDS.map((name) => [name, 'string' as const])),
    late: 'boolean',
  },
  dictionary: { features: Object.fromEntries(KINDS.map((name) => [name, CATEGORIES])) },
};

/** Draws rows: each feature in steps of its own, one value in fifty missing; the last two numbers have moved by `shift`. */
const rowsOf = (seed: number, shift: number) => {
  const { below } = randomStream(seed);
  return (row: Float64Array): number => {
    for (let at = 0; at < NUMBERS.length; at += 1) {
      const moved = at >= NUMBERS.length - 2 ? shift : 0;
      row[at] = below(50) === 0 ? Number.NaN : below(10 + 5 * at) + below(10 + 5 * at) + moved;
    }
    for (let at = 0; at < KINDS.length; at += 1) row[NUMBERS.length + at] = 1 + Math.min(below(10), below(10));
    return below(1_000_000) / 1_000_000;
  };
};

/** The baseline of the run and of its answers, from so many rows of sixty days before; and the rows as CSV for a peer. */
export function baselines(rows: number): { features: Baseline; predictions: Baseline; csv: string } {
  const draw = rowsOf(SEED, 0);
  const row = new Float64Array(INPUT.features.length);
  const columns = INPUT.features.map(() => new Float64Array(rows));
  const [times, answers] = [new Float64Array(rows), new Float64Array(rows)];
  const lines = [[...NUMBERS, ...KINDS, 'prediction'].join(',')];
  for (let at = 0; at < rows; at += 1) {
    answers[at] = draw(row);
    times[at] = WINDOW.startMs - (60 * DAY_MS * (rows - at)) / rows;
    for (const [place, column] of columns.entries()) column[at] = row[place] ?? Number.NaN;
    lines.push(`${textOf(row)},${answers[at]}`);
  }
  const specs = featureSpecs(INPUT, null);
  const features = buildBaseline(specs, [{ rows, times, cells: featureCells(INPUT, specs)(columns, rows) }], DAY_MS);
  const cells = predictionCells(answers, rows, null);
  return {
    features: withUnseen(features),
    predictions: buildBaseline(predictionSpecs(null), [{ rows, times, cells }], DAY_MS),
    csv: `${lines.join('\n')}\n`,
  };
}

const textOf = (row: Float64Array): string => Array.from(row, (value) => (Number.isNaN(value) ? '' : value)).join(',');

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** Writes so many requests of one row each, spread over the window, as SageMaker names and writes its files. */
export function writeCapture(folder: string, records: number, perFile: number): void {
  const draw = rowsOf(SEED + 1, 15);
  const row = new Float64Array(INPUT.features.length);
  const below = `${keys.capture(CHAMPION.model, CHAMPION.run)}/${CHAMPION.endpointName}/main`;
  for (let from = 0; from < records; from += perFile) {
    const lines: string[] = [];
    const time = (at: number): string => new Date(WINDOW.startMs + Math.floor((DAY_MS * at) / records)).toISOString();
    for (let at = from; at < Math.min(from + perFile, records); at += 1) {
      const answer = draw(row);
      lines.push(
        `{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"${textOf(row)}","encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"${answer}\\n","encoding":"CSV"}},"eventMetadata":{"eventId":"${hex(Math.imul(at, 0x9e3779b1) >>> 0, 8)}-0000-4000-8000-${hex(at, 12)}","inferenceTime":"${time(at).slice(0, 19)}Z"},"eventVersion":"0"}\n`,
      );
    }
    const hour = time(from).slice(0, 13).replaceAll('-', '/').replace('T', '/');
    const path = join(folder, below, hour, `00-00-000-${hex(from, 12)}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, lines.join(''));
  }
}

const refused = (): never => {
  throw new Error('the benchmark reads and lists, and no more');
};

/** The files below a folder as the objects of a bucket, to list and to read. */
export const folderStore = (folder: string): ObjectStore => ({
  async *list(prefix) {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    for (const key of names.toSorted()) {
      if (key.startsWith(prefix)) yield { key, sizeBytes: statSync(join(folder, key)).size };
    }
  },
  async open(key) {
    const path = join(folder, key);
    return { body: createReadStream(path), sizeBytes: statSync(path).size };
  },
  get: async (key) => ({ body: readFileSync(join(folder, key)), etag: '' }),
  put: refused,
  folders: refused,
  currentVersions: refused,
  download: refused,
  upload: refused,
});
