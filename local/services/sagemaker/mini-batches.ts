import type { Readable } from 'node:stream';

/** An object that cannot be cut as the job asks; the job fails over it. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
}

/** What goes to the container in one request. */
export interface MiniBatch {
  /** The records, without their line ends; one with everything when the object is not split. */
  readonly records: readonly string[];
  readonly body: Buffer;
}

/** How an object becomes requests. */
export interface Batching {
  readonly split: 'None' | 'Line';
  readonly strategy: 'MultiRecord' | 'SingleRecord';
  /** Largest request, bytes; 0 for no limit. */
  readonly payloadBytes: number;
  /** What of a record is sent. */
  readonly input: (record: string) => string;
}

const LINE_END = Buffer.from('\n');

/** The lines of a body, those together that came together: to wait for each by itself takes longer than to read it. */
async function* lines(body: Readable): AsyncGenerator<readonly string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const found: string[] = [];
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      found.push(rest.toString('utf8', start, end > start && rest[end - 1] === 13 ? end - 1 : end));
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (found.length > 0) yield found;
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}

const tooLarge = (bytes: number, limit: number) =>
  new BatchError(`A record of ${bytes} bytes is larger than MaxPayloadInMB allows (${limit} bytes)`);

/**
 * Cuts an object into requests: whole when it is not split, else line by line, with as many lines in a request as fit
 * (`MultiRecord`) or one (`SingleRecord`). API_CreateTransformJob, BatchStrategy; API_TransformInput, SplitType (documented).
 *
 * @throws BatchError when the object, or one record, is larger than a request may be.
 */
export async function* miniBatches(body: Readable, batching: Batching): AsyncGenerator<MiniBatch> {
  const { payloadBytes: limit } = batching;
  if (batching.split === 'None') {
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    if (limit > 0 && whole.length > limit) throw tooLarge(whole.length, limit);
    yield { records: [whole.toString('utf8')], body: whole };
    return;
  }
  let records: string[] = [];
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (): MiniBatch => {
    const batch = { records, body: Buffer.concat(parts) };
    records = [];
    parts = [];
    bytes = 0;
    return batch;
  };
  for await (const together of lines(body)) {
    for (const record of together) {
      const sent = Buffer.from(batching.input(record));
      if (limit > 0 && sent.length > limit) throw tooLarge(sent.length, limit);
      const more = sent.length + LINE_END.length;
      if (records.length > 0 && (batching.strategy === 'SingleRecord' || (limit > 0 && bytes + more > limit)))
        yield take();
      if (records.length > 0) parts.push(LINE_END);
      records.push(record);
      parts.push(sent);
      bytes += more;
    }
  }
  if (records.length > 0) yield take();
}
