/** Reading small request bodies whole: bounded, decompressed. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { ServiceError } from '../contracts.ts';

const gunzipped = promisify(gunzip);

const tooLarge = (limitBytes: number) =>
  new ServiceError('RequestEntityTooLargeException', `Request body is larger than ${limitBytes} bytes`, 413);

/**
 * @param limitBytes Largest body accepted, before and after decompression.
 * @param onBytes Called with the body as it came, which is what a signature is of.
 * @throws ServiceError RequestEntityTooLargeException; MalformedHttpRequestException for an encoding that is not what it says.
 */
export const readBody = async (
  request: IncomingMessage,
  limitBytes: number,
  onBytes: (body: Buffer) => void = () => undefined,
): Promise<Buffer> => {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  // The socket must outlive a refused body, so that the refusal can be read.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a request body arrives as bytes');
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  onBytes(body);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || encoding === '') return body;
  // The SDKs gzip PutMetricData once it is large.
  if (encoding !== 'gzip')
    throw new ServiceError('MalformedHttpRequestException', `Content-Encoding ${encoding} is not supported`);
  try {
    return await gunzipped(body, { maxOutputLength: limitBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(limitBytes);
    throw new ServiceError('MalformedHttpRequestException', 'The body is not gzip as its Content-Encoding says');
  }
};
