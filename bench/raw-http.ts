/** Signed HTTP requests made beforehand, and a client that only writes and reads: what is left to measure is the server. */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Whoever signs. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface PlainRequest {
  readonly service: string;
  readonly method: string;
  /** Path without a query, of characters that need no escaping. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');

/** A request as it goes over the wire, signed with Signature Version 4. */
export const wireRequest = (
  host: string,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  { service, method, path, headers = {}, body = '' }: PlainRequest,
): Buffer => {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = [date.slice(0, 8), 'eu-west-1', service, 'aws4_request'];
  const payloadHash = sha256(body);
  const all: Record<string, string> = {
    ...headers,
    host,
    'x-amz-date': date,
    'x-amz-content-sha256': payloadHash,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(all).sort();
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n');
  const key = scope.reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    `authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
};

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Whether the server takes another request on the same connection. */
  readonly keepsConnection: boolean;
}

/** One keep-alive connection, one request at a time. */
export interface RawClient {
  /** Resolves when there is a connection: a server that keeps none is not charged for the next. */
  ready(): Promise<void>;
  /** @throws Error when the connection breaks or the answer says no length. */
  send(request: Buffer): Promise<Answer>;
  close(): void;
}

const HEADERS_END = '\r\n\r\n';

/** The answer at the beginning of what has come so far; undefined until it is whole. */
const readAnswer = (received: Buffer, ended: boolean): Answer | undefined => {
  const end = received.indexOf(HEADERS_END);
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const keepsConnection = !/\r\nconnection: *close/i.test(head);
  const start = end + HEADERS_END.length;
  if (length === undefined && status !== 204) {
    // Without a length the end of the connection ends the answer.
    return ended ? { status, body: received.toString('utf8', start), keepsConnection: false } : undefined;
  }
  if (received.length - start < Number(length ?? 0)) return undefined;
  return { status, body: received.toString('utf8', start, start + Number(length ?? 0)), keepsConnection };
};

/** Connects to a server on loopback; connects again when it does not keep connections. */
export const rawClient = (port: number): RawClient => {
  let socket: Socket | undefined;
  const connected = (): Socket => {
    if (socket && !socket.destroyed) return socket;
    socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    // Between requests nobody waits for it.
    socket.on('error', () => undefined);
    return socket;
  };
  return {
    async ready() {
      const own = connected();
      if (own.connecting) await once(own, 'connect');
    },
    send: (request) =>
      new Promise((resolve, reject) => {
        const own = connected();
        let received: Buffer = Buffer.alloc(0);
        const settle = (answer: Answer | undefined, error?: Error) => {
          own.off('data', onData).off('close', onClose).off('error', onError);
          if (!answer?.keepsConnection) own.destroy();
          if (answer) resolve(answer);
          else reject(error ?? new Error('the server hung up before it had answered'));
        };
        const onData = (bytes: Buffer) => {
          received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
          const answer = readAnswer(received, false);
          if (answer) settle(answer);
        };
        const onClose = () => settle(readAnswer(received, true));
        const onError = (error: Error) => settle(undefined, error);
        own.on('data', onData).on('close', onClose).on('error', onError);
        own.write(request);
      }),
    close: () => void socket?.destroy(),
  };
};
