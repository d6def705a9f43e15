import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { beyondLimits } from '../../shared/data/problems.ts';
import { limitsDigest, type ReadLimits } from '../../shared/data/read-limits.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { type Arrival, arrivalSchema, type Upload, type Verdict, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys, readingId } from '../../shared/ledger/keys.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { termsOf } from '../../shared/ledger/reading-terms.ts';
import { type Reading, readingSchema } from '../../shared/ledger/readings.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { acceptedBefore } from './accepted-before.ts';
import { type ConcludeDeps, conclude } from './conclude.ts';
import { DATA_WORK } from './data-work.ts';
import { incomingKey } from './incoming-key.ts';
import { putOffBecause, tooMuch } from './one-function.ts';
import { gather, type ReadingPlace, sideBySide, typedBytes } from './side-by-side.ts';
import { type DatasetSource, deliveredPart, sourcesOf } from './sources.ts';
import { type Again, judgedUnderOthers, uploadOutcomes } from './upload-outcomes.ts';
import { watchRows } from './watched-rows.ts';

/** `store` is the bucket the ledger lies in: typed copies go there. */
export interface ValidateDataDeps extends ConcludeDeps {
  /** The bucket data lands in. */
  readonly data: ConcludeDeps['store'];
  readonly tell: Tell;
  /** Opens the data engine; the directory is for what it spills. */
  readonly openEngine: (directory: string) => Promise<Engine>;
  /** What is more than one function reads is put off, and a person is told. */
  readonly limits: ReadLimits;
  /** How much of its time a function keeps for what comes after reading. */
  readonly reserveMs: number;
  /** Asks for a part, through the queue of `read-part`. Without it one function reads all, part after part. */
  readonly askForPart?: Tell;
}

/** An object that was created in the data bucket. */
export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly versionId?: string | undefined;
}

type Judged = Outcome & { dataset?: string };

/**
 * Judges what was uploaded: a file, or a folder when its `_SUCCESS` comes. A dataset is its bytes; the same bytes under
 * the same rules are judged once, and whoever uploads them again is told the same.
 */
export const validateData =
  (deps: ValidateDataDeps) =>
  async ({ data: created, now, remainingMs }: Woken<CreatedObject>): Promise<Judged> => {
    const { ledger, store, data, openEngine, limits, reserveMs, askForPart, dataWork = DATA_WORK } = deps;
    // A bucket without versions has one of each key, and that is called null. Source: S3 user guide, "Object versioning".
    const upload: Upload = { bucket: created.bucket, key: created.key, versionId: created.versionId ?? 'null' };
    const meant = incomingKey(created.key);
    const outcomes = uploadOutcomes(deps, upload, created.sizeBytes, now);
    const { ignore, defer, rejectUnread } = outcomes;
    const watchData = watchRows({ ledger, store, openEngine });
    const watch = (published: PublishedDefinition, dataset: string) => watchData(published, dataset, now);
    const leftMs = remainingMs && (() => remainingMs() - reserveMs);
    const unread = (model: string, message: string) =>
      rejectUnread(model, meant.kind === 'manifest' ? 'manifest_invalid' : 'no_rows', message);

    /** The event again: what was decided is told again. */
    const repeat = async (published: PublishedDefinition, arrival: Arrival): Promise<Judged> => {
      const { model } = published;
      const { outcome, dataset, rulesDigest, reason = '' } = arrival;
      if (dataset === undefined || rulesDigest === undefined)
        return outcome === 'rejected' ? unread(model, reason) : { outcome };
      const verdict = await ledger.read(verdictSchema, keys.verdict(model, dataset, rulesDigest));
      // The definition may have changed in what its rules do not depend on.
      if (verdict.accepted && rulesDigest === published.rulesDigest) await watch(published, dataset);
      await outcomes.tellVerdict(verdict);
      if (outcome === 'repeated') await outcomes.tellRepeated(verdict);
      return { outcome, dataset };
    };

    const withEngine = async <T>(work: (engine: Engine, directory: string) => Promise<T>): Promise<T> => {
      const directory = mkdtempSync(join(tmpdir(), 'validate-'));
      let engine: Engine | undefined;
      try {
        engine = await openEngine(directory);
        return await work(engine, directory);
      } finally {
        engine?.close();
        rmSync(directory, { recursive: true, force: true });
      }
    };

    /** Reads the parts one after another, and judges. */
    const judge = (
      published: PublishedDefinition,
      sources: readonly DatasetSource[],
      sizeBytes: number,
      single: boolean,
      again: Again | undefined,
    ) =>
      withEngine(async (engine, directory) => {
        const terms = { published, now, ...(await acceptedBefore(ledger, published.model, published.rulesDigest)) };
        const judging = dataWork.datasetJudge(terms);
        const read = await dataWork.readDataset(
          engine,
          sources.map((source) => deliveredPart(data, source)),
          {
            directory,
            source: published.definition.data.source,
            expected: judging.expected,
            maxBytes: limits.maxBytes,
            maxColumns: limits.maxColumns,
            ...(leftMs && { time: { leftMs, sizeBytes } }),
            visit: [judging.visit],
          },
        );
        const beyond = beyondLimits(read.problems);
        if (beyond !== undefined) return defer(published.model, putOffBecause(beyond));
        const termsThen = async (verdict: Verdict) => ({
          published,
          now: new Date(verdict.judgedAt),
          ...(await acceptedBefore(ledger, published.model, published.rulesDigest, verdict)),
        });
        const counts = judging.counts();
        const readUpload = { engine, terms, termsOf: termsThen, judging, read, counts, sources, single, again };
        return conclude(deps, readUpload, outcomes, watch);
      });

    /** Sees how far the functions are that read the parts, and judges when none is missing. */
    const judgeParts = async (
      { model, rulesDigest, digest }: PublishedDefinition,
      sources: readonly DatasetSource[],
      again: Again | undefined,
      ask: Tell,
    ): Promise<Judged> => {
      // Under other limits what was read under these may come to something else.
      const terms = `${rulesDigest}\n${limitsDigest(limits)}`;
      const place = { model, reading: readingId(upload.key, upload.versionId, terms) };
      const begin = async (): Promise<Reading> => {
        const { last, history } = await acceptedBefore(ledger, model, rulesDigest);
        return ledger.record(readingSchema, keys.reading(model, place.reading), {
          model,
          upload,
          sizeBytes: created.sizeBytes,
          rulesDigest,
          definitionDigest: digest,
          startedAt: now.toISOString(),
          before: last,
          history: [...history],
          sources: [...sources],
        });
      };
      const reading = (await ledger.find(readingSchema, keys.reading(model, place.reading))) ?? (await begin());
      const pieces = await sideBySide({ ledger, ask })(place, reading, now);
      if (pieces === undefined) return { outcome: 'waiting' };
      const beyond = beyondLimits(pieces.pieces.flatMap(({ problems }) => problems));
      const much = beyond ? putOffBecause(beyond) : tooMuch(typedBytes(pieces), 'what its parts came to', limits);
      if (much !== undefined) return defer(model, much);
      return withEngine(async (engine, directory) => {
        const terms = await termsOf(ledger, reading);
        const judging = dataWork.datasetJudge(terms);
        const gathered = await gather({ ledger, store }, engine, directory, place, pieces, judging);
        const common = { engine, terms, termsOf: async () => terms, judging, sources, single: false, again };
        const readUpload = { ...common, ...gathered };
        return conclude(deps, readUpload, outcomes, watch);
      });
    };

    if (meant.kind === 'ignored' && meant.model === undefined) return ignore('-', meant.reason);
    const model = meant.model ?? '';
    const published = await readPublished(ledger, model);
    if (published === undefined) return ignore('-', `no model ${model} is published`);
    const known = await ledger.find(arrivalSchema, keys.arrival(model, upload.key, upload.versionId));
    const again = known && judgedUnderOthers(known, published.rulesDigest, upload, model);
    if (known !== undefined && again === undefined) return repeat(published, known);
    const judgedAgain = again && (await ledger.find(arrivalSchema, again.key));
    if (judgedAgain !== undefined) return repeat(published, judgedAgain);
    if (meant.kind === 'ignored') return ignore(model, meant.reason);
    if (meant.kind === 'part') {
      await outcomes.arrived(model, { outcome: 'part', reason: `waits for ${meant.folder}_SUCCESS` });
      return { outcome: 'part' };
    }
    const putOff = await outcomes.putOff(model);
    if (putOff !== undefined) return defer(model, putOff.reason ?? '');

    const made = await sourcesOf({ ledger, data }, meant, { ...upload, sizeBytes: created.sizeBytes });
    if ('refused' in made) return unread(model, made.refused);
    const { sources, single } = made;
    if (sources.length === 0)
      return unread(model, 'the folder holds no part: names that begin with . or _ are not data');
    const sizeBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
    const ask = sources.length > 1 && sizeBytes > limits.sideBySideBytes ? askForPart : undefined;
    const { name, sizeBytes: bytes } = ask ? largestOf(sources) : { name: 'the upload', sizeBytes };
    const much = tooMuch(bytes, name, limits, leftMs && leftMs() / 1000);
    if (much !== undefined) return defer(model, much);
    return ask ? judgeParts(published, sources, again, ask) : judge(published, sources, sizeBytes, single, again);
  };

/** Looks at an upload again whose parts have been read. */
export const takeParts =
  (deps: ValidateDataDeps) =>
  async ({ data: { model, reading }, ...woken }: Woken<ReadingPlace>): Promise<Judged> => {
    const { upload, sizeBytes } = await deps.ledger.read(readingSchema, keys.reading(model, reading));
    return validateData(deps)({ ...woken, data: { ...upload, sizeBytes } });
  };

const largestOf = ([first, ...others]: readonly DatasetSource[]): { name: string; sizeBytes: number } =>
  others.reduce((most, source) => (source.sizeBytes > most.sizeBytes ? source : most), first ?? NO_PART);

const NO_PART = { name: '', sizeBytes: 0 };
