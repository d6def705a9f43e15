/** Presigned URLs, signed by the SDK's own signer. */
import { createHash, createHmac } from 'node:crypto';

import { SignatureV4 } from '@smithy/signature-v4';

/** The digest the signer wants, on Node's own. */
export class Sha256 {
  readonly #key: Uint8Array | undefined;
  readonly #chunks: Uint8Array[] = [];
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    if (key !== undefined) this.#key = bytesOf(key);
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#chunks.push(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    const hash = this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key);
    for (const chunk of this.#chunks) hash.update(chunk);
    return hash.digest();
  }
}

const bytesOf = (data: string | ArrayBuffer | ArrayBufferView): Uint8Array => {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
};

/** A GET URL of an S3 object, good for 15 minutes. */
export const presigned = async (
  address: string,
  at: Date,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string },
): Promise<string> => {
  const { protocol, hostname, port, host, pathname } = new URL(address);
  const signer = new SignatureV4({
    credentials,
    region: 'eu-west-1',
    service: 's3',
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const request = await signer.presign(
    {
      method: 'GET',
      protocol,
      hostname,
      port: Number(port),
      path: pathname,
      headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
    { signingDate: at, expiresIn: 900 },
  );
  const query = Object.entries(request.query ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
  return `${address}?${query}`;
};
