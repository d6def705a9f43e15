/** Text in other encodings than UTF-8, turned into it piece by piece. */
import type { SourceFormat } from '../../definition/source.ts';
import { UnreadableError } from './unreadable-error.ts';

/** The encoding of a file: what its byte order mark says, else what was declared, else UTF-8. */
export function encodingOf(
  head: Buffer,
  declared: SourceFormat['encoding'],
): 'utf-8' | 'utf-16le' | 'utf-16be' | 'latin-1' | 'windows-1252' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  if (declared === 'utf-16') return 'utf-16le';
  return declared ?? 'utf-8';
}

/**
 * The text as UTF-8. UTF-8 itself passes as it is: whoever reads it checks it.
 *
 * @throws UnreadableError when UTF-16 holds half a character.
 */
export function asUtf8(source: AsyncIterable<Buffer>, encoding: ReturnType<typeof encodingOf>): AsyncIterable<Buffer> {
  return encoding === 'utf-8' ? source : transcoded(source, encoding);
}

async function* transcoded(
  source: AsyncIterable<Buffer>,
  encoding: Exclude<ReturnType<typeof encodingOf>, 'utf-8'>,
): AsyncGenerator<Buffer> {
  // To WHATWG "latin1" is Windows-1252 (https://encoding.spec.whatwg.org/#names-and-labels); to us it is ISO 8859-1.
  const decoder = encoding === 'latin-1' ? undefined : new TextDecoder(encoding, { fatal: true });
  let lines = 1;
  const decode = (chunk: Buffer | undefined): string => {
    if (decoder === undefined) return chunk?.toString('latin1') ?? '';
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new UnreadableError(
        'encoding',
        `the text is not valid ${encoding.toUpperCase()}, at line ${lines} or below`,
        {
          cause,
        },
      );
    }
  };
  for await (const chunk of source) {
    const text = decode(chunk);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
    if (text !== '') yield Buffer.from(text, 'utf8');
  }
  const rest = decode(undefined);
  if (rest !== '') yield Buffer.from(rest, 'utf8');
}
