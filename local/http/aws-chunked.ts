/**
 * The `aws-chunked` content encoding: a body in chunks of its own, with signatures or trailing checksums between them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html (documented)
 */
import { type ChunkSignatures, ServiceError } from '../contracts.ts';

/** Trailing headers, by their name in lower case. */
export type Trailers = ReadonlyMap<string, string>;

// A chunk's size line and a trailer line; AWS states no limit, and none it sends comes near.
const LINE_LIMIT_BYTES = 4096;

const malformed = (what: string) => new ServiceError('InvalidRequest', `The aws-chunked body is malformed: ${what}`);

const CHUNK_SIGNATURE = 'chunk-signature=';
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'end';

/**
 * Decodes a body as it streams; holds no more than a line of it.
 * @param source The body as it came.
 * @param onTrailers Called once, after the last byte.
 * @param signatures What the chunks' signatures are checked with; without it they may carry any.
 * @throws ServiceError InvalidRequest for broken framing, IncompleteBody when it ends early, SignatureDoesNotMatch. Bytes
 *   that were given out before have to be forgotten then.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Uint8Array>,
  onTrailers: (trailers: Trailers) => void,
  signatures?: ChunkSignatures,
): AsyncGenerator<Uint8Array, void, undefined> {
  let state: State = 'size';
  let remaining = 0;
  let line = '';
  const trailers = new Map<string, string>();
  /** Of the chunk under way. */
  let signature: string | undefined;

  /** What comes after a line that came where `before` was expected. */
  const afterLine = (before: State, text: string): State => {
    if (before === 'size') {
      // `10000;chunk-signature=…`
      const [size = '', ...extensions] = text.split(';');
      if (!/^[0-9a-fA-F]{1,10}$/.test(size)) throw malformed(`${JSON.stringify(text.slice(0, 40))} is no chunk size`);
      remaining = Number.parseInt(size, 16);
      signature = extensions.find((one) => one.startsWith(CHUNK_SIGNATURE))?.slice(CHUNK_SIGNATURE.length);
      if (remaining > 0) return 'data';
      signatures?.endChunk(signature);
      return 'trailer';
    }
    if (before === 'data-end') {
      if (text !== '') throw malformed('a chunk is longer than it says');
      return 'size';
    }
    if (text === '') return 'end';
    const colon = text.indexOf(':');
    if (colon < 1) throw malformed(`${JSON.stringify(text.slice(0, 40))} is no trailer`);
    trailers.set(text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim());
    return 'trailer';
  };

  for await (const bytes of source) {
    let at = 0;
    while (at < bytes.length) {
      if (state === 'end') throw malformed('bytes after the end');
      if (state === 'data') {
        const part = bytes.subarray(at, at + remaining);
        at += part.length;
        remaining -= part.length;
        signatures?.update(part);
        if (remaining === 0) {
          signatures?.endChunk(signature);
          state = 'data-end';
        }
        yield part;
        continue;
      }
      const newline = bytes.indexOf(0x0a, at);
      const end = newline < 0 ? bytes.length : newline;
      line += Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
      if (line.length > LINE_LIMIT_BYTES) throw malformed('a line is too long');
      at = end + 1;
      if (newline >= 0) {
        if (line.endsWith('\r')) line = line.slice(0, -1);
        state = afterLine(state, line);
        line = '';
      }
    }
  }
  // Some clients leave out the empty line that ends the trailers.
  if (state === 'trailer' && line === '') state = 'end';
  if (state !== 'end') throw new ServiceError('IncompleteBody', 'The request body terminated unexpectedly');
  if (signatures?.signsTrailers) {
    const lines = [...trailers].filter(([name]) => name !== TRAILER_SIGNATURE);
    signatures.endTrailers(
      trailers.get(TRAILER_SIGNATURE),
      lines.map(([name, value]) => `${name}:${value}\n`).join(''),
    );
  }
  onTrailers(trailers);
}
