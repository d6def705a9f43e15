/** Requests and answers that cross no socket: what a service with a protocol of its own reads and writes. */
import { goOn } from '../at-once.ts';
import type { JsonObject, RestRequest, RestResponse } from '../contracts.ts';

/** A request as it would come in. */
export interface MemoryRequestOptions {
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly url: string;
  /** Names in lower case; `content-length` is filled in. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** An answer as it would go out. */
export interface MemoryAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What an XML body would say, by the name of its root. */
  readonly document?: { readonly root: string; readonly content: JsonObject };
}

const NOTHING = new Uint8Array(0);
const EMPTY = Buffer.alloc(0);

/** A request whose body lies in memory. */
class MemoryRequest implements RestRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion = '1.1';
  readonly headers: Readonly<Record<string, string>>;
  #body: Uint8Array;

  constructor({ method, url, headers, body = NOTHING }: MemoryRequestOptions) {
    this.method = method;
    this.url = url;
    this.headers = { ...headers, 'content-length': String(body.byteLength) };
    this.#body = body;
  }

  takeBody(): Uint8Array {
    const body = this.#body;
    this.#body = NOTHING;
    return body;
  }

  async *iterator(): AsyncGenerator<Uint8Array> {
    const body = this.takeBody();
    if (body.byteLength > 0) yield body;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    return this.iterator();
  }

  /** There is no connection that has to be read empty. */
  resume(): void {
    this.#body = NOTHING;
  }
}

/** A response that keeps what is written. */
class MemoryResponse implements RestResponse {
  statusCode = 200;
  readonly #headers: Record<string, string> = {};
  #answer: MemoryAnswer | undefined;

  // The headers are kept as they are given: nothing has to become the text of a message.
  setHeader(name: string, value: string | readonly string[]): void {
    this.#headers[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>> = {}): void {
    this.statusCode = status;
    for (const name in headers) this.#headers[name.toLowerCase()] = String(headers[name]);
  }

  end(body: string | Uint8Array = NOTHING): void {
    // A copy: whoever is answered may do with it what he likes.
    const copy = body.length === 0 ? EMPTY : Buffer.from(body);
    this.#answer ??= { status: this.statusCode, headers: this.#headers, body: copy };
  }

  /** What was answered. @throws Error when nothing was. */
  answer(): MemoryAnswer {
    if (!this.#answer) throw new Error('the service has not answered');
    return this.#answer;
  }
}

/**
 * Has a request answered.
 * @param handle What would be called with the request and response of a server.
 * @returns What was answered.
 * @throws what `handle` throws.
 */
export const exchange = (
  options: MemoryRequestOptions,
  handle: (request: RestRequest, response: RestResponse) => Promise<void> | void,
): MemoryAnswer | Promise<MemoryAnswer> => {
  const response = new MemoryResponse();
  return goOn(handle(new MemoryRequest(options), response), () => response.answer());
};
