import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DatasetAcceptedV1, DatasetDeferredV1, DatasetRejectedV1, DatasetRepeatedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { datasetId } from '../../shared/data/identity.ts';
import { type DatasetJudge, datasetJudge, type JudgeTerms } from '../../shared/data/judge-dataset.ts';
import type { ProblemCode } from '../../shared/data/problems.ts';
import { correlationsOf } from '../../shared/data/profile/correlations.ts';
import { type ReadDataset, readDataset } from '../../shared/data/read-dataset.ts';
import type { RuleCounts } from '../../shared/data/rules/counts.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import {
  type Arrival,
  arrivalSchema,
  type Dataset,
  datasetProfileSchema,
  datasetSchema,
  type Upload,
  type Verdict,
  verdictSchema,
} from '../../shared/ledger/facts.ts';
import { keys, readingId } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { type AcceptedBefore, termsOf } from '../../shared/ledger/reading-terms.ts';
import { type Reading, readingSchema } from '../../shared/ledger/readings.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { acceptedBefore } from './accepted-before.ts';
import { type DrawReport, datasetReport } from './dataset-report.ts';
import { incomingKey } from './incoming-key.ts';
import { type OneFunction, tooMuch } from './one-function.ts';
import { gather, type ReadingPlace, sideBySide, typedBytes } from './side-by-side.ts';
import { type DatasetSource, deliveredPart, type SizedUpload, sourcesOf } from './sources.ts';
import { watchRows } from './watched-rows.ts';

export interface ValidateDataDeps {
  readonly ledger: Ledger;
  /** The bucket the ledger lies in: typed copies go there. */
  readonly store: ObjectStore;
  /** The bucket data lands in. */
  readonly data: ObjectStore;
  readonly tell: Tell;
  /** Opens the data engine; the directory is for what it spills. */
  readonly openEngine: (directory: string) => Promise<Engine>;
  /** What has more bytes than one function takes is put off, and a person is told. */
  readonly maxDatasetBytes: number;
  /** Without it the page is drawn by what is loaded for it. */
  readonly drawReport?: DrawReport;
  /** In place of reading and judging, which depend on bytes and terms alone: where the same are read again and again. */
  readonly dataWork?: DataWork;
  /** How fast one function reads at the least, and for how long: what would take longer is put off, too. */
  readonly pace?: OneFunction['pace'];
  /** Without it the parts of every dataset are read by one function, one after another. */
  readonly sideBySide?: {
    /** A dataset of several parts with more bytes together is read by one function a part. */
    readonly fromBytes: number;
    /** Asks for a part, through the queue of `read-part`. */
    readonly ask: Tell;
  };
}

/** An object that was created in the data bucket. */
export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly versionId?: string | undefined;
}

/** What is worked out of the bytes of a dataset. */
interface DataWork {
  readonly datasetJudge: typeof datasetJudge;
  readonly readDataset: typeof readDataset;
  readonly correlationsOf: typeof correlationsOf;
}

/** So many problems go into an event, which may have 256 KB; the verdict has all that were kept. */
const TOLD_PROBLEMS = 50;

/**
 * Judges what was uploaded: a file, or a folder when its `_SUCCESS` comes. A dataset is its bytes; the same bytes under
 * the same rules are judged once, and whoever uploads them again is told the same.
 */
export const validateData =
  ({
    ledger,
    store,
    data,
    tell,
    openEngine,
    maxDatasetBytes,
    drawReport,
    dataWork = { datasetJudge, readDataset, correlationsOf },
    pace,
    sideBySide: parts,
  }: ValidateDataDeps) =>
  async ({ data: created, now }: Woken<CreatedObject>): Promise<Outcome & { dataset?: string }> => {
    // A bucket without versions has one of each key, and that is called null. Source: S3 user guide, "Object versioning".
    const upload: Upload = { bucket: created.bucket, key: created.key, versionId: created.versionId ?? 'null' };
    const meant = incomingKey(created.key);
    const judgedAt = now.toISOString();
    const watch = watchRows({ ledger, store, openEngine });

    const arrived = (
      model: string,
      arrival: Pick<Arrival, 'outcome' | 'dataset' | 'rulesDigest' | 'reason'>,
      again?: Again,
      receivedAt = judgedAt,
    ) =>
      ledger.record(arrivalSchema, again?.key ?? keys.arrival(model, upload.key, upload.versionId), {
        upload,
        sizeBytes: created.sizeBytes,
        // Judged again or not, it came when it came: which version of a key is the newest depends on it.
        receivedAt: again?.first.receivedAt ?? receivedAt,
        ...arrival,
      });

    const ignore = async (model: string, reason: string): Promise<Outcome> => {
      await arrived(model, { outcome: 'ignored', reason });
      return { outcome: 'ignored' };
    };

    const tellVerdict = async (verdict: Verdict): Promise<void> => {
      const { model, dataset, rulesDigest } = verdict;
      const about = `${model}/${dataset}/${rulesDigest}`;
      const context = { now, correlationId: dataset };
      if (verdict.accepted) {
        await tell(DatasetAcceptedV1, about, { model, dataset, rows: verdict.rows ?? 0 }, context);
        return;
      }
      const problems = verdict.problems.slice(0, TOLD_PROBLEMS);
      await tell(
        DatasetRejectedV1,
        about,
        { model, dataset, key: upload.key, problems, reportKey: verdict.reportKey },
        context,
      );
    };

    /** The uploader hears that these bytes were here before, and what had come of them. */
    const tellRepeated = async ({ model, dataset, accepted }: Verdict): Promise<void> => {
      const about = `${upload.key}\n${upload.versionId}`;
      const context = { now, correlationId: dataset };
      await tell(DatasetRepeatedV1, about, { model, dataset, key: upload.key, accepted }, context);
    };

    const defer = async (model: string, reason: string, again?: Again): Promise<Outcome> => {
      const fact = await arrived(model, { outcome: 'deferred', reason }, again);
      const why = fact.reason ?? reason;
      const about = `${upload.key}\n${upload.versionId}`;
      await tell(DatasetDeferredV1, about, { model, key: upload.key, reason: why }, { now, correlationId: about });
      return { outcome: 'deferred' };
    };

    /** What holds nothing, or names what is not there, is no dataset, and still somebody has to be told. */
    const rejectUnread = async (model: string, message: string): Promise<Outcome> => {
      const fact = await arrived(model, { outcome: 'rejected', reason: message });
      const code: ProblemCode = meant.kind === 'manifest' ? 'manifest_invalid' : 'no_rows';
      const about = `${upload.key}\n${upload.versionId}`;
      const problems = [{ code, message: fact.reason ?? message }];
      await tell(
        DatasetRejectedV1,
        about,
        { model, dataset: null, key: upload.key, problems, reportKey: null },
        { now, correlationId: about },
      );
      return { outcome: 'rejected' };
    };

    /** The event again: what was decided is told again. */
    const repeat = async (
      published: PublishedDefinition,
      arrival: Arrival,
    ): Promise<Outcome & { dataset?: string }> => {
      const { model } = published;
      if (arrival.outcome === 'deferred') return defer(model, arrival.reason ?? '');
      if (arrival.dataset === undefined || arrival.rulesDigest === undefined) {
        return arrival.outcome === 'rejected'
          ? rejectUnread(model, arrival.reason ?? '')
          : { outcome: arrival.outcome };
      }
      const verdict = await ledger.read(verdictSchema, keys.verdict(model, arrival.dataset, arrival.rulesDigest));
      // The definition may have changed in what its rules do not depend on.
      if (verdict.accepted && arrival.rulesDigest === published.rulesDigest)
        await watch(published, verdict.dataset, now);
      await tellVerdict(verdict);
      if (arrival.outcome === 'repeated') await tellRepeated(verdict);
      return { outcome: arrival.outcome, dataset: arrival.dataset };
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
            maxBytes: maxDatasetBytes,
            visit: [judging.visit],
          },
        );
        return conclude({ engine, terms, judging, read, counts: judging.counts(), sources, single, again });
      });

    /** Sees how far the functions are that read the parts, and judges when none is missing. */
    const judgeParts = async (
      { model, rulesDigest, digest }: PublishedDefinition,
      sources: readonly DatasetSource[],
      again: Again | undefined,
      ask: Tell,
    ): Promise<Outcome & { dataset?: string }> => {
      const place = { model, reading: readingId(upload.key, upload.versionId, rulesDigest) };
      const begin = async (): Promise<Reading> => {
        const { last, history } = await acceptedBefore(ledger, model, rulesDigest);
        return ledger.record(readingSchema, keys.reading(model, place.reading), {
          model,
          upload,
          sizeBytes: created.sizeBytes,
          rulesDigest,
          definitionDigest: digest,
          startedAt: judgedAt,
          before: last,
          history: [...history],
          sources: [...sources],
        });
      };
      const reading = (await ledger.find(readingSchema, keys.reading(model, place.reading))) ?? (await begin());
      const pieces = await sideBySide({ ledger, ask })(place, reading, now);
      if (pieces === undefined) return { outcome: 'waiting' };
      const much = tooMuch(typedBytes(pieces), 'what its parts came to', { maxBytes: maxDatasetBytes });
      if (much !== undefined) return defer(model, much, again);
      return withEngine(async (engine, directory) => {
        const terms = await termsOf(ledger, reading);
        const judging = dataWork.datasetJudge(terms);
        const gathered = await gather({ ledger, store }, engine, directory, place, pieces, judging);
        return conclude({ engine, terms, judging, ...gathered, sources, single: false, again });
      });
    };

    /** Judges what was read: which dataset it is stands in its bytes, and they have passed. */
    const conclude = async ({
      engine,
      terms,
      judging,
      read,
      counts,
      sources,
      single,
      again,
    }: ReadUpload): Promise<Outcome & { dataset?: string }> => {
      const { published } = terms;
      const { model, rulesDigest } = published;
      const begunAt = terms.now.toISOString();
      const delivered = sources.map((source, index) => ({ ...source, sha256: read.delivered[index]?.sha256 ?? '' }));
      const [only] = delivered;
      const dataset = datasetId(single && only ? { file: only.sha256 } : { folder: delivered });
      const verdictKey = keys.verdict(model, dataset, rulesDigest);
      const stands = await ledger.find(verdictSchema, verdictKey);
      if (stands !== undefined) {
        // Another upload of the same bytes, or this one before a crash: either way its judgement stands.
        const { sources: judged } = await ledger.read(datasetSchema, keys.dataset(model, dataset));
        const own = sources.every(({ key, versionId }) =>
          judged.some((source) => source.key === key && source.versionId === versionId),
        );
        const outcome = !own ? 'repeated' : stands.accepted ? 'accepted' : 'rejected';
        if (stands.accepted) await watch(published, dataset, now);
        await arrived(model, { outcome, dataset, rulesDigest }, again, begunAt);
        await tellVerdict(stands);
        if (outcome === 'repeated') await tellRepeated(stands);
        return { outcome, dataset };
      }
      const judgement = await judging.judge(engine, read, dataset, counts);
      const { accepted, problems, checks, classes } = judgement;
      await recordDataset(model, dataset, delivered, read, accepted, begunAt);
      const reportKey = keys.datasetReport(model, dataset);
      await ledger.write(
        reportKey,
        await datasetReport(
          {
            published,
            dataset,
            sources,
            read,
            judgement,
            before: terms.before,
            judgedAt: begunAt,
            correlations: await dataWork.correlationsOf(engine, read.parts, read.profile?.columns ?? []),
          },
          drawReport,
        ),
      );
      const verdict = await ledger.record(verdictSchema, verdictKey, {
        model,
        dataset,
        rulesDigest,
        definitionDigest: published.digest,
        accepted,
        problems: [...problems],
        checks: [...checks],
        classes: classes === null ? null : classes.map(([name, rows]): [string, number] => [name, rows]),
        rows: read.rows,
        reportKey,
        judgedAt: begunAt,
      });
      const outcome = verdict.accepted ? 'accepted' : 'rejected';
      if (verdict.accepted) await watch(published, dataset, now);
      await arrived(model, { outcome, dataset, rulesDigest }, again, begunAt);
      await tellVerdict(verdict);
      return { outcome, dataset };
    };

    /** What a dataset is and, when it is accepted, its profile and typed copy. The same bytes give the same. */
    const recordDataset = async (
      model: string,
      dataset: string,
      sources: readonly (SizedUpload & { sha256: string })[],
      read: ReadDataset,
      accepted: boolean,
      receivedAt: string,
    ): Promise<void> => {
      const fact: Dataset = {
        model,
        dataset,
        sources: sources.map(({ bucket, key, versionId, sizeBytes, sha256 }) => ({
          bucket,
          key,
          versionId,
          sizeBytes,
          sha256,
        })),
        format: read.format ?? 'csv',
        sizeBytes: sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        receivedAt,
      };
      await ledger.record(datasetSchema, keys.dataset(model, dataset), fact);
      if (!accepted || read.profile === null) return;
      // Accepted before under other rules: its typed copy is there, and stays as the profile has it.
      if ((await ledger.find(datasetProfileSchema, keys.profile(model, dataset))) !== undefined) return;
      const copies = [];
      for (const [index, part] of read.parts.entries()) {
        const key = `${keys.datasetData(model, dataset)}part-${String(index).padStart(5, '0')}.parquet`;
        await store.upload(key, part.path, 'application/vnd.apache.parquet');
        copies.push({ key, rows: part.rows, sizeBytes: statSync(part.path).size });
      }
      await ledger.record(datasetProfileSchema, keys.profile(model, dataset), {
        model,
        dataset,
        rows: read.profile.rows,
        columns: read.profile.columns,
        data: copies,
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
      await arrived(model, { outcome: 'part', reason: `waits for ${meant.folder}_SUCCESS` });
      return { outcome: 'part' };
    }

    const made = await sourcesOf({ ledger, data }, meant, { ...upload, sizeBytes: created.sizeBytes });
    if ('refused' in made) return rejectUnread(model, made.refused);
    const { sources, single } = made;
    if (sources.length === 0) {
      return rejectUnread(model, 'the folder holds no part: names that begin with . or _ are not data');
    }
    const sizeBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
    const apart = parts !== undefined && sources.length > 1 && sizeBytes > parts.fromBytes;
    const { name, sizeBytes: bytes } = apart ? largestOf(sources) : { name: 'the upload', sizeBytes };
    const much = tooMuch(bytes, name, { maxBytes: maxDatasetBytes, pace });
    if (much !== undefined) return defer(model, much, again);
    return apart ? judgeParts(published, sources, again, parts.ask) : judge(published, sources, single, again);
  };

/** Looks at an upload again whose parts have been read. */
export const takeParts =
  (deps: ValidateDataDeps) =>
  async ({ data: { model, reading }, ...woken }: Woken<ReadingPlace>): Promise<Outcome & { dataset?: string }> => {
    const { upload, sizeBytes } = await deps.ledger.read(readingSchema, keys.reading(model, reading));
    return validateData(deps)({ ...woken, data: { ...upload, sizeBytes } });
  };

const largestOf = ([first, ...others]: readonly DatasetSource[]): { name: string; sizeBytes: number } =>
  others.reduce((most, source) => (source.sizeBytes > most.sizeBytes ? source : most), first ?? NO_PART);

const NO_PART = { name: '', sizeBytes: 0 };

/** An upload whose parts have been read, here or by others. */
interface ReadUpload {
  readonly engine: Engine;
  readonly terms: JudgeTerms & AcceptedBefore;
  readonly judging: DatasetJudge;
  readonly read: ReadDataset;
  readonly counts: RuleCounts;
  readonly sources: readonly DatasetSource[];
  readonly single: boolean;
  readonly again: Again | undefined;
}

/** An upload that is judged again because the rules have changed: its first fact stands, and a further one is added. */
interface Again {
  readonly first: Arrival;
  /** Of the further fact. */
  readonly key: string;
}

/** Whether the rules have changed since an upload was judged. */
function judgedUnderOthers(
  first: Arrival,
  rulesDigest: string,
  { key, versionId }: Upload,
  model: string,
): Again | undefined {
  if (first.rulesDigest === undefined || first.rulesDigest === rulesDigest) return undefined;
  return { first, key: keys.arrivalUnder(model, key, versionId, rulesDigest) };
}
