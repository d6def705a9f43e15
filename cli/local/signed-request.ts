import { createHash, createHmac } from 'node:crypto';

import { SignatureV4 } from '@smithy/signature-v4';

/** SHA-256 in the form the signer wants: plain, or keyed. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else {
      const key =
        typeof secret === 'string'
          ? Buffer.from(secret)
          : ArrayBuffer.isView(secret)
            ? Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
            : Buffer.from(secret);
      this.#hash = createHmac('sha256', key);
    }
  }
  update(data: Uint8Array) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
  reset() {}
}

/** Posts JSON to a function URL that wants IAM, signed as the SDK would sign it. */
export const postSigned = async (
  url: string,
  region: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> => {
  const { protocol, hostname, port, pathname } = new URL(url);
  const signer = new SignatureV4({
    service: 'lambda',
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    sha256: Sha256,
  });
  const text = JSON.stringify(body);
  const { headers } = await signer.sign({
    method: 'POST',
    protocol,
    hostname,
    port: Number(port),
    path: pathname,
    query: {},
    headers: { host: `${hostname}:${port}`, 'content-type': 'application/json' },
    body: text,
  });
  const response = await fetch(url, { method: 'POST', headers, body: text });
  return { status: response.status, body: await response.json() };
};
