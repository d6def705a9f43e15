import { createHash } from 'node:crypto';

import type { Champion } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { VARIANT } from '../../shared/sagemaker/requests.ts';

/** One request to an endpoint and its answer. */
export interface Exchange {
  readonly champion: Champion;
  readonly inferenceId: string;
  /** CSV lines as the endpoint was sent them. */
  readonly input: string;
  /** The endpoint's own text. */
  readonly output: string;
  readonly at: Date;
}

const digestOf = (text: string) => createHash('sha256').update(text).digest();

/** A UUID that is always the same for the same inference id: the file of a request that came twice is one file. */
const uuidOf = (inferenceId: string): string => {
  const bytes = digestOf(inferenceId).subarray(0, 16);
  // Version 8, "custom": RFC 9562, section 5.8.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** Whether an inference is one of the captured percentage; always the same of the same one. */
export const isCaptured = (inferenceId: string, percent: number): boolean =>
  (digestOf(`capture\n${inferenceId}`).readUInt32BE(0) / 2 ** 32) * 100 < percent;

/** A line of a capture file, in SageMaker's own format. Source: "Capture data from real-time endpoint". */
const lineOf = ({ inferenceId, input, output, at }: Exchange): string =>
  JSON.stringify({
    captureData: {
      endpointInput: { observedContentType: 'text/csv', mode: 'INPUT', data: input, encoding: 'CSV' },
      endpointOutput: { observedContentType: 'text/csv; charset=utf-8', mode: 'OUTPUT', data: output, encoding: 'CSV' },
    },
    eventMetadata: {
      eventId: uuidOf(inferenceId),
      inferenceId,
      inferenceTime: `${at.toISOString().slice(0, 19)}Z`,
    },
    eventVersion: '0',
  });

/** Below endpoint, variant and UTC hour, named by minute, second and millisecond, as SageMaker names its own. */
const keyOf = ({ champion: { model, run, endpointName }, inferenceId, at }: Exchange): string => {
  const time = at.toISOString();
  const hour = time.slice(0, 13).replaceAll(/[-T]/g, '/');
  const moment = time.slice(14, 23).replaceAll(/[:.]/g, '-');
  return `${keys.capture(model, run)}/${endpointName}/${VARIANT}/${hour}/${moment}-${uuidOf(inferenceId)}.jsonl`;
};

/**
 * Keeps what a serverless endpoint was asked and answered where and as SageMaker's data capture would, which such endpoints
 * do not have (Source: SageMaker developer guide, serverless endpoints): one small object a request.
 */
export const capturer =
  (store: Pick<ObjectStore, 'put'>) =>
  async (exchange: Exchange): Promise<void> => {
    const percent = exchange.champion.predictCaptures ?? 0;
    if (!isCaptured(exchange.inferenceId, percent)) return;
    await store.put(keyOf(exchange), `${lineOf(exchange)}\n`);
  };
