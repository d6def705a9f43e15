/** The data steps of the loop on files of this machine: the code of the functions, with folders in place of buckets. */
import { join } from 'node:path';

import { planRun } from '../../functions/plan-run/plan-run.ts';
import { prepareData } from '../../functions/prepare-data/prepare-data.ts';
import { validateData } from '../../functions/validate-data/validate-data.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { type Engine, openEngine } from '../../shared/data/engine.ts';
import { MAX_COLUMNS } from '../../shared/data/read-dataset.ts';
import { limitsDigest, type ReadLimits } from '../../shared/data/read-limits.ts';
import type { RunInput } from '../../shared/data/run-input.ts';
import { runInputSchema } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import {
  type Arrival,
  arrivalSchema,
  type DatasetProfile,
  datasetProfileSchema,
  declinedSchema,
  type Prepared,
  preparedSchema,
  type RunPlan,
  runEndSchema,
  runPlanSchema,
  type Verdict,
  verdictSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { putInForce } from '../verbs/publish.ts';
import type { Delivery } from './delivery.ts';
import { folderStore, givenFiles, ONLY_VERSION } from './folder-store.ts';

/** What the step said of a delivery. */
export interface Validated {
  readonly arrival: Arrival;
  /** Undefined where nothing was judged: `arrival` has the reason. */
  readonly verdict: Verdict | undefined;
  /** Of accepted data. */
  readonly profile: DatasetProfile | undefined;
  /** The report, as the step wrote it. */
  readonly report: string | undefined;
}

/** What the step wrote for a run; or why it could not. */
export type PreparedFiles =
  | {
      readonly outcome: 'prepared';
      readonly plan: RunPlan;
      readonly prepared: Prepared;
      readonly input: RunInput;
      /** A path below the steps' folder. */
      readonly file: (key: string) => string;
    }
  | { readonly outcome: 'refused'; readonly code: string; readonly reason: string };

/** The steps, one after another on one delivery. */
export interface OfflineSteps {
  validate(): Promise<Validated>;
  /** Plans and prepares a run on what was accepted. */
  prepare(): Promise<PreparedFiles>;
}

/** DuckDB spills beyond it. */
const MEMORY_LIMIT_MB = 1024;
const BUCKET = 'files';
const STAGE = 'dev';
/** The platform's limits are of functions; here the disk is the limit, and memory for what is counted of each column. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const LIMITS: ReadLimits = {
  maxBytes: NO_LIMIT,
  maxColumns: MAX_COLUMNS,
  bytesPerSecond: NO_LIMIT,
  sideBySideBytes: NO_LIMIT,
};

/** Whoever asks for a report is to hear that there is none. */
const rethrow = (error: unknown): never => {
  throw error;
};

/** Nobody listens; what the steps would tell stands in their facts. */
const untold: Tell = async () => undefined;

/** Opens the engine as every command on files does. */
export const openOffline = (tempDirectory: string): Promise<Engine> =>
  openEngine({ memoryLimitMb: MEMORY_LIMIT_MB, tempDirectory });

/** The keys a delivery would have been uploaded under, with the files that lie there, and the one that closes it. */
function uploads(delivery: Delivery, model: string): { files: Map<string, string>; last: string; sizeBytes: number } {
  const below = `incoming/${model}/${delivery.name}`;
  const sizeBytes = delivery.parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (!delivery.isFolder) {
    return { files: new Map(delivery.parts.map(({ path }) => [below, path])), last: below, sizeBytes };
  }
  const files = new Map(delivery.parts.map(({ name, path }) => [`${below}/${name}`, path]));
  return { files, last: `${below}/_SUCCESS`, sizeBytes };
}

/**
 * Makes the steps ready for one delivery.
 *
 * @param directory for everything that is written; the caller removes it
 * @param now what counts as the time of the upload
 */
export async function offlineSteps(
  delivery: Delivery,
  published: PublishedDefinition,
  directory: string,
  now: Date,
): Promise<OfflineSteps> {
  const { model, rulesDigest } = published;
  const root = join(directory, 'store');
  const store = folderStore(root);
  const ledger = ledgerOn(store);
  const { files, last, sizeBytes } = uploads(delivery, model);
  await putInForce(ledger, published, now);
  const woken = <T>(data: T, eventId: string) => ({ data, now, occurredAt: now, eventId });
  const found = async (arrival: Arrival): Promise<Validated> => {
    const { dataset } = arrival;
    if (dataset === undefined) return { arrival, verdict: undefined, profile: undefined, report: undefined };
    const [verdict, profile, report] = await Promise.all([
      ledger.find(verdictSchema, keys.verdict(model, dataset, rulesDigest)),
      ledger.find(datasetProfileSchema, keys.profile(model, dataset)),
      store.get(keys.datasetReport(model, dataset)),
    ]);
    return { arrival, verdict, profile, report: report && Buffer.from(report.body).toString() };
  };
  return {
    async validate() {
      const step = validateData({
        ledger,
        store,
        data: givenFiles(files),
        tell: untold,
        openEngine: openOffline,
        limits: LIMITS,
        reserveMs: 0,
        reportFailed: rethrow,
      });
      await step(woken({ bucket: BUCKET, key: last, sizeBytes, versionId: ONLY_VERSION }, 'upload'));
      const putOff = await ledger.find(arrivalSchema, keys.putOff(model, last, ONLY_VERSION, limitsDigest(LIMITS)));
      return found(putOff ?? (await ledger.read(arrivalSchema, keys.arrival(model, last, ONLY_VERSION))));
    },
    async prepare() {
      const asked = 'prepare';
      const plan = planRun({ ledger, tell: untold, stage: STAGE });
      const { outcome, run } = await plan(woken({ model, kind: 'requested', answer: true }, asked));
      if (run === undefined) {
        const declined = await ledger.find(declinedSchema, keys.declined(model, asked));
        const reason = declined?.reasons.map(({ message }) => message).join('; ') ?? outcome;
        return { outcome: 'refused', code: outcome, reason };
      }
      const prepare = prepareData({ ledger, store, tell: untold, openEngine: openOffline, maxRunBytes: NO_LIMIT });
      const done = await prepare(woken({ model, run }, run));
      if (done.outcome !== 'prepared') {
        const end = await ledger.find(runEndSchema, keys.end(model, run));
        return { outcome: 'refused', code: done.outcome, reason: end?.reason ?? done.outcome };
      }
      const [planned, prepared, input] = await Promise.all([
        ledger.read(runPlanSchema, keys.plan(model, run)),
        ledger.read(preparedSchema, keys.prepared(model, run)),
        ledger.read(runInputSchema, keys.runInput(model, run)),
      ]);
      return { outcome: 'prepared', plan: planned, prepared, input, file: (key) => join(root, key) };
    },
  };
}
