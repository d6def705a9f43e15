import { createHash } from 'node:crypto';
import * as z from 'zod';

import { csvRow } from '../../shared/data/encode-csv.ts';
import { withoutMissing } from '../../shared/data/missing-values.ts';
import { recordTypes } from '../../shared/data/record-types.ts';
import { type InputEncoder, inputEncoder, type RunInput, runInputSchema } from '../../shared/data/run-input.ts';
import { keyHashes } from '../../shared/data/split.ts';
import { DependencyError, RefusedError } from '../../shared/errors.ts';
import type { ColumnTypes } from '../../shared/features/check.ts';
import { batchFromRecords } from '../../shared/features/records.ts';
import { type Champion, championSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { keyColumns } from '../../shared/monitoring/row-keys.ts';
import type { Answered, Asked } from '../../shared/runtime/url-handler.ts';
import { predictedRows } from '../../shared/sagemaker/answers.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import type { Exchange } from './capture.ts';
import type { KeyedRequest } from './key-index.ts';

export interface PredictDeps {
  readonly ledger: Ledger;
  readonly sageMaker: Pick<SageMakerApi, 'invoke'>;
  /** Keeps what an endpoint was asked and answered, where SageMaker does not. */
  readonly capture: (exchange: Exchange) => Promise<void>;
  /** Keeps which keys were predicted, where labels are joined by them. */
  readonly index: (request: KeyedRequest) => Promise<void>;
}

/** At most this many records in one request. */
export const MAX_RECORDS = 100;

/** How long a champion is believed to be the champion without looking. */
const CHAMPION_TTL_MS = 10_000;

const record = z.record(z.string(), z.unknown());
/** What the records of a request are is for the model to say: see `batchFromRecords`. */
const many = z.strictObject({ records: z.array(z.unknown()).min(1) });

const refuse = (status: number, error: string, message: string, more: object = {}): Answered => ({
  status,
  outcome: error,
  body: { error, message, ...more },
});

/** `20010125T101500Z-<16 hex>`: begins with its UTC second, so that a label names its capture hour. */
export const inferenceIdOf = (now: Date, requestId: string): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${createHash('sha256').update(requestId).digest('hex').slice(0, 16)}`;

/** The records of a body; undefined when it is neither a record nor a list of at least one. */
const recordsIn = (text: string): { records: unknown[]; many: boolean } | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // The fields of a record are scalars: a list can only be the list of records.
  if (Array.isArray(Object(value).records)) {
    const parsed = many.safeParse(value);
    return parsed.success ? { records: parsed.data.records, many: true } : undefined;
  }
  const parsed = record.safeParse(value);
  return parsed.success ? { records: [parsed.data], many: false } : undefined;
};

/** Columns of the key that a record does not name: its label would find nothing, or another row. Null names a missing value. */
const keyless = (
  records: readonly unknown[],
  key: readonly string[],
): { record: number; field: string; reason: string }[] =>
  records.flatMap((each, record) =>
    key
      .filter((field) => !Object.hasOwn(Object(each), field))
      .map((field) => ({ record, field, reason: 'labels are joined by the key, and this column of it is not there' })),
  );

interface Serving {
  readonly champion: Champion;
  readonly input: RunInput;
  /** What fields of a record may hold. */
  readonly types: ColumnTypes;
  readonly encode: InputEncoder;
}

/** What is told of one record: its score and, where the problem has one, the answer; of classes the score of each. */
function predictionOf(
  { problem, label, classes, operatingPoint = 0.5 }: RunInput,
  scores: readonly number[],
): Record<string, unknown> {
  const [score = Number.NaN] = scores;
  if (problem === 'regression') return { score };
  if (problem === 'binary' || classes === undefined) return { score, [label.name]: score >= operatingPoint };
  // Of equal ones the first, as in judging.
  const best = scores.indexOf(Math.max(...scores));
  return {
    // fromEntries defines each name as it is, `__proto__` too.
    scores: Object.fromEntries(classes.map((name, place) => [name, scores[place]])),
    [label.name]: asLabel(label.type, classes[best] ?? ''),
  };
}

/** A class as the data had it: its name is text whatever it was. */
function asLabel(type: RunInput['label']['type'], name: string): string | number | boolean {
  if (type === 'integer') return Number(name);
  return type === 'boolean' ? name === 'true' : name;
}

/**
 * Answers one record, or up to 100, with the champion's own features and encoding: what it was trained with, not what is
 * published now.
 */
export const predict = ({ ledger, sageMaker, capture, index }: PredictDeps) => {
  const serving = new Map<string, { until: number; found: Serving }>();

  const servingOf = async (model: string, now: number): Promise<Serving | undefined> => {
    const known = serving.get(model);
    if (known && now < known.until) return known.found;
    const champion = await ledger.find(championSchema, keys.champion(model));
    // That there is none is not remembered: the first model answers from its first moment.
    if (!champion || champion.retired) {
      serving.delete(model);
      return undefined;
    }
    let found = known?.found;
    if (found?.champion.n !== champion.n) {
      const input = await ledger.read(runInputSchema, keys.runInput(model, champion.run));
      const types = recordTypes(input);
      found = { champion, input, types, encode: inputEncoder(input, types) };
    }
    serving.set(model, { until: now + CHAMPION_TTL_MS, found });
    return found;
  };

  /** What was to be kept of a request and could not be written. That costs the quality's evidence, not the answer. */
  const lostOf = async (exchange: Exchange, hashes: readonly string[]): Promise<string> => {
    const { champion, inferenceId, at } = exchange;
    const [captured, indexed] = await Promise.allSettled([
      champion.predictCaptures === undefined ? undefined : capture(exchange),
      hashes.length === 0 ? undefined : index({ model: champion.model, inferenceId, hashes, at }),
    ]);
    const lost = [captured.status === 'rejected' ? '_uncaptured' : '', indexed.status === 'rejected' ? '_unkeyed' : ''];
    return lost.join('');
  };

  const answerNow = async ({ method, path, body: text, now, requestId }: Asked): Promise<Answered> => {
    if (method !== 'POST') return refuse(405, 'not_allowed', 'POST a record, or { "records": [ … ] }, to /<model>');
    const found = /^[a-z][a-z0-9-]*$/.test(path) ? await servingOf(path, now.getTime()) : undefined;
    if (!found)
      return refuse(404, 'no_model', `no model ${JSON.stringify(path)} is in service; the path names one: /<model>`);
    const asked = recordsIn(text);
    if (asked === undefined) {
      return refuse(400, 'bad_request', 'the body is not a JSON object: a record, or { "records": [ … ] } and no more');
    }
    const { records } = asked;
    if (records.length > MAX_RECORDS) {
      return refuse(400, 'too_many_records', `${records.length} records; at most ${MAX_RECORDS} in one request`);
    }
    const { champion, input, types, encode } = found;
    const { joinKey = [] } = input;
    const wanted = [...new Set([...input.inputColumns, ...joinKey])];
    const { batch: sent, errors } = batchFromRecords(records, types, wanted);
    const problems = [...errors, ...keyless(records, joinKey)].sort((a, b) => a.record - b.record);
    if (problems.length > 0) return refuse(400, 'bad_record', 'some fields are not what the model takes', { problems });

    const batch = withoutMissing(sent, input.missing);
    const columns = encode(batch);
    const lines = records.map((_, row) => csvRow(columns, row));
    const inferenceId = inferenceIdOf(now, requestId);
    const answer = await sageMaker.invoke(champion.endpointName, lines.join('\n'), inferenceId);
    const answered = predictedRows(answer, records.length, input.classes?.length ?? 1);
    if (answered === null) {
      throw new DependencyError(
        `${champion.endpointName} did not give one answer to each of ${records.length} records`,
      );
    }
    const predictions = answered.map((scores, row) => ({
      inferenceId: asked.many ? `${inferenceId}.${row}` : inferenceId,
      ...predictionOf(input, scores),
    }));
    // Before the answer goes back: afterwards Lambda lets nothing run. Source: Lambda execution environment.
    const hashes = joinKey.length === 0 ? [] : keyHashes(keyColumns(joinKey, batch.columns), records.length);
    const lost = await lostOf({ champion, inferenceId, input: lines.join('\n'), output: answer, at: now }, hashes);
    return {
      status: 200,
      outcome: `answered${lost}`,
      body: { model: path, run: champion.run, ...(asked.many ? { predictions } : predictions[0]) },
    };
  };

  return async (asked: Asked): Promise<Answered> => {
    const believed = serving.get(asked.path)?.found.champion;
    try {
      return await answerNow(asked);
    } catch (error) {
      if (!(error instanceof RefusedError) || !believed) throw error;
      // The endpoint may be gone with a champion that was replaced or retired in these seconds.
      serving.delete(asked.path);
      const champion = await ledger.find(championSchema, keys.champion(asked.path));
      if (champion?.n === believed.n && !champion.retired) throw error;
      return answerNow(asked);
    }
  };
};
