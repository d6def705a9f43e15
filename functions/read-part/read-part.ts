import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PartsReadV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { datasetJudge } from '../../shared/data/judge-dataset.ts';
import { lineWriter } from '../../shared/data/line-starts.ts';
import { readPiece } from '../../shared/data/read-dataset.ts';
import type { ReadLimits } from '../../shared/data/read-limits.ts';
import type { ColumnSpec } from '../../shared/data/sql.ts';
import { InvalidEventError } from '../../shared/errors.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { termsOf } from '../../shared/ledger/reading-terms.ts';
import {
  type Piece,
  pieceCountsSchema,
  pieceSchema,
  type Reading,
  readingRoundSchema,
  readingSchema,
} from '../../shared/ledger/readings.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';

export interface ReadPartDeps {
  readonly ledger: Ledger;
  /** The bucket the ledger lies in: typed copies go there. */
  readonly store: ObjectStore;
  /** The bucket data lands in. */
  readonly data: ObjectStore;
  readonly tell: Tell;
  /** Opens the data engine; the directory is for what it spills. */
  readonly openEngine: (directory: string) => Promise<Engine>;
  /** What is more than one function reads is said of the part, and nothing else. */
  readonly limits: Pick<ReadLimits, 'maxBytes' | 'maxColumns'>;
  /** How much of its time a function keeps for what comes after reading. */
  readonly reserveMs: number;
}

/** A part to be read. */
export interface RequestedPart {
  readonly model: string;
  readonly reading: string;
  readonly round: number;
  readonly part: number;
}

/**
 * Reads one part of a dataset, as `validate-data` reads all parts of a smaller one, and keeps what it came to as a fact.
 * Whoever finds that no part of the round is missing any more says so; two may, and it is the same event.
 */
export const readPart =
  ({ ledger, store, data, tell, openEngine, limits, reserveMs }: ReadPartDeps) =>
  async ({ data: { model, reading, round, part }, now, remainingMs }: Woken<RequestedPart>): Promise<Outcome> => {
    const key = keys.piece(model, reading, round, part);
    const wanted = await ledger.read(readingSchema, keys.reading(model, reading));
    const again = round === 1 ? undefined : await ledger.read(readingRoundSchema, keys.round(model, reading, round));
    const asked = again?.parts ?? wanted.sources.map((_, index) => index);
    if (!asked.includes(part)) throw new InvalidEventError(`round ${round} of reading ${reading} has no part ${part}`);

    const read = async (agreed: readonly ColumnSpec[] | undefined): Promise<void> => {
      const source = sourceOf(wanted, part);
      const directory = await mkdtemp(join(tmpdir(), 'read-part-'));
      let engine: Engine | undefined;
      try {
        engine = await openEngine(directory);
        const terms = await termsOf(ledger, wanted);
        const judging = datasetJudge(terms);
        const lines = lineWriter(directory);
        const piece = await readPiece(
          engine,
          { name: source.name, open: async () => (await data.open(source.key, source.versionId)).body },
          {
            directory,
            source: terms.published.definition.data.source,
            expected: judging.expected,
            ...(agreed && { agreed }),
            maxBytes: limits.maxBytes,
            maxColumns: limits.maxColumns,
            ...(remainingMs && {
              time: { leftMs: () => remainingMs() - reserveMs, sizeBytes: source.sizeBytes },
            }),
            visit: [judging.visit, lines.visit],
          },
        );
        const starts = lines.paths();
        const folder = keys.pieceData(model, reading, round, part);
        const copies: Piece['copies'] = [];
        for (const [index, { path, rows }] of piece.parts.entries()) {
          const copy = { key: `${folder}${numbered('copy', index)}`, lines: `${folder}${numbered('lines', index)}` };
          await store.upload(copy.key, path, PARQUET);
          await store.upload(copy.lines, starts[index] ?? '', PARQUET);
          copies.push({ ...copy, rows, sizeBytes: (await stat(path)).size });
        }
        await ledger.record(pieceCountsSchema, keys.pieceCounts(model, reading, round, part), {
          working: piece.working,
          rules: judging.counts(),
        });
        const [delivered = { sha256: '', sizeBytes: 0 }] = piece.delivered;
        const [unnamed] = piece.unnamed;
        // The fact comes last: where it stands, all it speaks of is there.
        await ledger.record(pieceSchema, key, {
          name: source.name,
          sha256: delivered.sha256,
          sizeBytes: delivered.sizeBytes,
          format: piece.format,
          rows: piece.rows ?? 0,
          problems: [...piece.problems],
          ...(unnamed && { unnamed: { from: unnamed.from, count: unnamed.count } }),
          found: [...piece.found],
          open: piece.open,
          columns: [...piece.columns],
          copies,
        });
      } finally {
        engine?.close();
        await rm(directory, { recursive: true, force: true });
      }
    };

    const isRead = (await ledger.find(pieceSchema, key)) !== undefined;
    if (!isRead) await read(again?.columns);
    // S3 lists what was written before: of those who are last at once, each sees the others.
    const there = new Set(await ledger.keys(keys.pieces(model, reading, round)));
    if (asked.every((index) => there.has(keys.piece(model, reading, round, index))))
      await tell(PartsReadV1, `${model}/${reading}/${round}`, { model, reading }, { now, correlationId: reading });
    return { outcome: isRead ? 'existed' : 'read' };
  };

const PARQUET = 'application/vnd.apache.parquet';

const numbered = (name: string, index: number): string => `${name}-${String(index).padStart(5, '0')}.parquet`;

function sourceOf({ sources }: Reading, part: number): Reading['sources'][number] {
  const source = sources[part];
  if (source === undefined) throw new InvalidEventError(`there is no part ${part}`);
  return source;
}
