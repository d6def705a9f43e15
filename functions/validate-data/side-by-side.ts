/** A dataset of several parts, each read by a function of its own: asked for, awaited, and put together. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { PartRequestedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import type { Engine } from '../../shared/data/engine.ts';
import type { DatasetJudge } from '../../shared/data/judge-dataset.ts';
import {
  type Agreement,
  agreePieces,
  mergePieces,
  mergeWorking,
  type PieceAtHand,
} from '../../shared/data/merge-pieces.ts';
import type { WorkingProfile } from '../../shared/data/profile/working.ts';
import type { ReadDataset } from '../../shared/data/read-dataset.ts';
import { mergeRuleCounts, NO_COUNTS, type RuleCounts } from '../../shared/data/rules/counts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import {
  type Piece,
  pieceCountsSchema,
  pieceSchema,
  type Reading,
  readingRoundSchema,
} from '../../shared/ledger/readings.ts';

/** Where it is kept that a reading was begun. */
export interface ReadingPlace {
  readonly model: string;
  /** The reading's id. */
  readonly reading: string;
}

/** Every part has been read, under the types that all agree on. */
export interface PiecesRead {
  readonly agreement: Agreement;
  /** In the order of their names; each with the round and the index it was read under. */
  readonly pieces: readonly (Piece & { readonly round: number; readonly index: number })[];
}

/** Sees how far a reading is, and asks for what is missing: the parts nobody has read, or those with too narrow types. */
export const sideBySide = ({ ledger, ask }: { readonly ledger: Ledger; readonly ask: Tell }) => {
  /** The parts of a round; undefined while some are missing, which have been asked for. */
  const roundOf = async (
    { model, reading }: ReadingPlace,
    round: number,
    parts: readonly number[],
    now: Date,
  ): Promise<Map<number, Piece> | undefined> => {
    const there = new Set(await ledger.keys(keys.pieces(model, reading, round)));
    const missing = parts.filter((part) => !there.has(keys.piece(model, reading, round, part)));
    if (missing.length === 0) {
      const pieces = await boundedMap(parts, (part) =>
        ledger.read(pieceSchema, keys.piece(model, reading, round, part)),
      );
      return new Map(pieces.map((piece, at) => [parts[at] ?? 0, piece]));
    }
    await boundedMap(missing, (part) =>
      ask(
        PartRequestedV1,
        `${model}/${reading}/${round}/${part}`,
        { model, reading, round, part },
        { now, correlationId: reading },
      ),
    );
    return undefined;
  };

  return async (place: ReadingPlace, { sources }: Reading, now: Date): Promise<PiecesRead | undefined> => {
    const first = await roundOf(place, 1, [...sources.keys()], now);
    if (first === undefined) return undefined;
    const all = [...first.values()];
    const agreement = agreePieces(all);
    let second = new Map<number, Piece>();
    if (agreement.again.length > 0) {
      const { model, reading } = place;
      const { parts } = await ledger.record(readingRoundSchema, keys.round(model, reading, 2), {
        columns: [...agreement.columns],
        parts: [...agreement.again],
      });
      const read = await roundOf(place, 2, parts, now);
      if (read === undefined) return undefined;
      second = read;
    }
    const pieces = all.map((piece, index) => ({ ...piece, round: 1, index, ...agreed(second.get(index)) }));
    return { agreement, pieces };
  };
};

/** What a part came to when it was read again takes the place of what it came to at first. */
const agreed = (piece: Piece | undefined) => (piece === undefined ? {} : { ...piece, round: 2 });

/** How many bytes the typed copies have together. */
export const typedBytes = ({ pieces }: PiecesRead): number =>
  pieces.flatMap(({ copies }) => copies).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Brings the typed copies here and puts the parts together. */
export async function gather(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  engine: Engine,
  directory: string,
  { model, reading }: ReadingPlace,
  { pieces, agreement }: PiecesRead,
  judging: DatasetJudge,
): Promise<{ read: ReadDataset; counts: RuleCounts }> {
  const download = async (key: string, name: string): Promise<string> => {
    const path = join(directory, name);
    await pipeline((await store.open(key)).body, createWriteStream(path));
    return path;
  };
  const atHand = await boundedMap(pieces, async (piece) => {
    const copies: PieceAtHand['copies'][number][] = [];
    for (const [at, { rows, key, lines }] of piece.copies.entries()) {
      copies.push({
        rows,
        path: await download(key, `typed-${piece.index}-${at}.parquet`),
        lines: await download(lines, `lines-${piece.index}-${at}.parquet`),
      });
    }
    return { ...piece, copies };
  });
  let counts = NO_COUNTS;
  async function* profiles(): AsyncGenerator<WorkingProfile> {
    for (const piece of pieces) {
      if (agreement.differing.has(piece.index)) continue;
      const counted = await ledger.read(pieceCountsSchema, keys.pieceCounts(model, reading, piece.round, piece.index));
      counts = mergeRuleCounts(counts, counted.rules);
      if (counted.working !== null) yield counted.working;
    }
  }
  const working = await mergeWorking(profiles());
  const names = agreement.columns.map(({ name }) => name);
  const expected = typeof judging.expected === 'function' ? judging.expected(names) : judging.expected;
  const known = new Set(expected.map(({ name }) => name));
  return { read: await mergePieces(engine, atHand, agreement, working, known), counts };
}
