import { describe, expect, it } from 'vitest';
import { decodeAwsChunked, type Trailers } from '../../../local/http/aws-chunked.ts';
import fc from '../../fast-check.ts';

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}

const decode = async (source: AsyncIterable<Uint8Array>) => {
  const chunks: Uint8Array[] = [];
  let trailers: Trailers | undefined;
  for await (const chunk of decodeAwsChunked(source, (found) => {
    trailers = found;
  })) {
    chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks), trailers: trailers && Object.fromEntries(trailers) };
};
const decodeText = (text: string, cuts: readonly number[] = []) => decode(pieces(Buffer.from(text, 'latin1'), cuts));

const encode = (chunks: readonly Uint8Array[], extension: string, trailers: string): Buffer =>
  Buffer.concat([
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`0${extension}\r\n${trailers}\r\n`),
  ]);

describe('aws-chunked bodies', () => {
  it('are unframed, and their trailers told', async () => {
    const decoded = await decodeText(
      '5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\nX-Amz-Other : b\r\n\r\n',
    );

    expect(decoded.body.toString()).toBe('hello!');
    expect(decoded.trailers).toEqual({ 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-other': 'b' });
  });

  it('may carry a signature with each chunk', async () => {
    const decoded = await decodeText('3;chunk-signature=abc\r\nabc\r\n0;chunk-signature=def\r\n\r\n');

    expect(decoded).toEqual({ body: Buffer.from('abc'), trailers: {} });
  });

  it('may be empty, and may leave out the last empty line', async () => {
    expect((await decodeText('0\r\n\r\n')).body).toHaveLength(0);
    expect(await decodeText('1\r\na\r\n0\r\na:b\r\n')).toEqual({ body: Buffer.from('a'), trailers: { a: 'b' } });
  });

  it.each([
    ['a size that is no number', 'xyz\r\nabc\r\n0\r\n\r\n', 'InvalidRequest'],
    ['a size without digits', ';chunk-signature=a\r\nabc\r\n0\r\n\r\n', 'InvalidRequest'],
    ['a negative size', '-3\r\nabc\r\n0\r\n\r\n', 'InvalidRequest'],
    ['a chunk longer than its size', '2\r\nabc\r\n0\r\n\r\n', 'InvalidRequest'],
    ['a trailer without a name', '0\r\n:value\r\n\r\n', 'InvalidRequest'],
    ['bytes after the end', '0\r\n\r\nmore', 'InvalidRequest'],
    ['a line without end', 'a'.repeat(5000), 'InvalidRequest'],
    ['nothing at all', '', 'IncompleteBody'],
    ['no last chunk', '3\r\nabc\r\n', 'IncompleteBody'],
    ['a chunk cut short', '5\r\nabc', 'IncompleteBody'],
  ])('are refused with %s', async (_what, text, code) => {
    await expect(decodeText(text)).rejects.toMatchObject({ code });
  });

  it('decode to the same however the network cuts them', async () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(chunk, { maxLength: 5 }),
        fc.array(fc.nat(300), { maxLength: 12 }),
        fc.boolean(),
        async (chunks, cuts, isSigned) => {
          const framed = encode(
            chunks,
            isSigned ? `;chunk-signature=${'0'.repeat(64)}` : '',
            'x-amz-checksum-crc32:AAAAAA==\r\n',
          );

          const decoded = await decode(
            pieces(
              framed,
              cuts.filter((cut) => cut < framed.length),
            ),
          );

          expect(decoded.body.equals(Buffer.concat(chunks))).toBe(true);
          expect(decoded.trailers).toEqual({ 'x-amz-checksum-crc32': 'AAAAAA==' });
        },
      ),
      { seed: 11 },
    );
  });
});
