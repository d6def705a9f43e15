/** HTTP requests and answers that cross no socket: what a service with a protocol of its own reads and writes. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import type { JsonObject } from '../contracts.ts';

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

/** Never connected, never read: the classes of `node:http` want one. */
const NO_SOCKET = new Socket();

const NOTHING = new Uint8Array(0);

/** A request whose body lies in memory. */
class MemoryRequest extends IncomingMessage {
  #body: Uint8Array;

  constructor({ method, url, headers = {}, body = NOTHING }: MemoryRequestOptions) {
    super(NO_SOCKET);
    this.method = method;
    this.url = url;
    this.httpVersion = '1.1';
    this.headers = { ...headers, 'content-length': String(body.byteLength) };
    this.complete = true;
    this.#body = body;
  }

  /** The body in one piece, without the machinery of a stream that nobody fills. */
  override async *iterator(): AsyncGenerator<Uint8Array> {
    if (this.#body.byteLength > 0) yield this.#body;
    this.#body = NOTHING;
  }

  /** There is no connection that has to be read empty. */
  override resume(): this {
    return this;
  }

  /** For who reads it as a stream all the same. */
  override _read(): void {
    if (this.#body.byteLength > 0) this.push(this.#body);
    this.#body = NOTHING;
    this.push(null);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    callback(error);
  }
}

type Written = (error: Error | null | undefined) => void;

/** A response that keeps what is written. */
class MemoryResponse extends ServerResponse {
  readonly answered: Promise<MemoryAnswer>;
  #settle: { resolve: (answer: MemoryAnswer) => void; reject: (error: Error) => void };
  readonly #chunks: Buffer[] = [];
  readonly #headers: Record<string, string> = {};
  #isOver = false;

  constructor(request: IncomingMessage) {
    super(request);
    const { promise, resolve, reject } = Promise.withResolvers<MemoryAnswer>();
    this.answered = promise;
    this.#settle = { resolve, reject };
  }

  // The headers are kept as they are given: nothing has to become the text of a message.
  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.#headers[name.toLowerCase()] = typeof value === 'object' ? value.join(', ') : String(value);
    return this;
  }

  override getHeader(name: string): string | undefined {
    return this.#headers[name.toLowerCase()];
  }

  override getHeaders(): Record<string, string> {
    return this.#headers;
  }

  override hasHeader(name: string): boolean {
    return Object.hasOwn(this.#headers, name.toLowerCase());
  }

  override removeHeader(name: string): void {
    delete this.#headers[name.toLowerCase()];
  }

  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.at(-1);
    this.statusCode = status;
    if (typeof headers === 'object' && headers !== null) {
      for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    }
    return this;
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Written, written?: Written): boolean {
    this.#keep(chunk, typeof encoding === 'string' ? encoding : 'utf8');
    const callback = typeof encoding === 'function' ? encoding : written;
    if (callback) process.nextTick(callback, null);
    return true;
  }

  override end(chunk?: unknown, encoding?: BufferEncoding | (() => void), ended?: () => void): this {
    if (this.#isOver) return this;
    this.#isOver = true;
    if (typeof chunk !== 'function') this.#keep(chunk, typeof encoding === 'string' ? encoding : 'utf8');
    const callback = [chunk, encoding, ended].find((one) => typeof one === 'function');
    this.finished = true;
    // A copy: whoever is answered may do with it what he likes.
    this.#settle.resolve({ status: this.statusCode, headers: this.#headers, body: Buffer.concat(this.#chunks) });
    const isHeard = this.listenerCount('finish') + this.listenerCount('close') > 0;
    if (isHeard || typeof callback === 'function') {
      process.nextTick(() => {
        if (typeof callback === 'function') callback();
        this.emit('finish');
        this.emit('close');
      });
    }
    return this;
  }

  override destroy(error?: Error): this {
    this.#settle.reject(error ?? new Error('the answer was broken off'));
    this.emit('close');
    return this;
  }

  #keep(chunk: unknown, encoding: BufferEncoding): void {
    if (typeof chunk === 'string') this.#chunks.push(Buffer.from(chunk, encoding));
    else if (chunk instanceof Uint8Array)
      this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
}

/**
 * Has a request answered.
 * @param handle What would be called with the request and response of a server.
 * @returns What was answered.
 * @throws what `handle` throws.
 */
export const exchange = async (
  options: MemoryRequestOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<MemoryAnswer> => {
  const request = new MemoryRequest(options);
  const response = new MemoryResponse(request);
  // An answer that breaks off after its service failed is told by that failure.
  response.answered.catch(() => undefined);
  await handle(request, response);
  return response.answered;
};
