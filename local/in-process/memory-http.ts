/** HTTP requests and answers that cross no socket: what a service with a protocol of its own reads and writes. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

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
}

/** Never connected, never read: the classes of `node:http` want one. */
const NO_SOCKET = new Socket();

const NOTHING = new Uint8Array(0);

/** A request whose body lies in memory. */
class MemoryRequest extends IncomingMessage {
  constructor({ method, url, headers = {}, body = NOTHING }: MemoryRequestOptions) {
    super(NO_SOCKET);
    this.method = method;
    this.url = url;
    this.httpVersion = '1.1';
    this.headers = { ...headers, 'content-length': String(body.byteLength) };
    this.complete = true;
    if (body.byteLength > 0) this.push(body);
    this.push(null);
  }

  /** Everything has been pushed; the socket must not be asked for more. */
  override _read(): void {}

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
  #isOver = false;

  constructor(request: IncomingMessage) {
    super(request);
    const { promise, resolve, reject } = Promise.withResolvers<MemoryAnswer>();
    this.answered = promise;
    this.#settle = { resolve, reject };
  }

  // The headers are kept as they are given: nothing has to become the text of a message.
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
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.getHeaders())) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : String(value);
    }
    this.#settle.resolve({ status: this.statusCode, headers, body: Buffer.concat(this.#chunks) });
    process.nextTick(() => {
      if (typeof callback === 'function') callback();
      this.emit('finish');
      this.emit('close');
    });
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
