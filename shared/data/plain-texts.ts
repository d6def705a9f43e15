/** Reads the texts of one column of some records. */
import { QUOTE } from './csv-record.ts';
import { SHORT_BYTES } from './engine-vectors.ts';
import { putNothing, putText, TEXT_WORDS } from './held-columns.ts';
import type { ColumnReader } from './plain-values.ts';

const SPACE = 0x20;
const DELETE = 0x7f;

/** By the length of a short text, what of its three words is its own. */
const OWN = Uint32Array.from({ length: (SHORT_BYTES + 1) * 3 }, (_, at) => {
  const bytes = Math.min(Math.max(Math.floor(at / 3) - 4 * (at % 3), 0), 4);
  return 2 ** (8 * bytes) - 1;
});

/** Reads texts; false: it is not plain whether one of them is a missing value. */
export const readTexts: ColumnReader = ({ bytes, view, places, stride, record, row: first, records }, place, into) => {
  const { words } = into;
  // From here on the last word of a short text is not all there.
  const end = bytes.length - SHORT_BYTES;
  let at = record * stride + place + 1;
  for (let row = first; row < first + records; row += 1, at += stride) {
    let from = places[at] as number;
    let to = (places[at + 1] as number) - 1;
    const isQuoted = from < to && bytes[from] === QUOTE;
    if (isQuoted) {
      from += 1;
      to -= 1;
    }
    const length = to - from;
    if (length === 0) {
      putNothing(into, row);
      continue;
    }
    if (bytes[from] === SPACE && !hasAscii(bytes, from, to)) return false;
    if (isQuoted && hasQuote(bytes, from, to)) {
      const text = length <= unquoted.length ? unquoted : Buffer.allocUnsafe(length);
      putText(into, row, text, 0, unquote(text, bytes, from, to));
    } else if (length <= SHORT_BYTES && from <= end) {
      const word = row * TEXT_WORDS;
      words[word] = length;
      words[word + 1] = view.getUint32(from, true) & (OWN[length * 3] as number);
      words[word + 2] = view.getUint32(from + 4, true) & (OWN[length * 3 + 1] as number);
      words[word + 3] = view.getUint32(from + 8, true) & (OWN[length * 3 + 2] as number);
    } else putText(into, row, bytes, from, to);
  }
  return true;
};

/** Whether any character is seen, and not taken for a space by anyone: then the text is no missing value. */
function hasAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte > SPACE && byte < DELETE) return true;
  }
  return false;
}

/** One text at a time stands here without the quotes that only say that a quote follows; a longer one has its own memory. */
const unquoted = Buffer.alloc(4096);

/** Returns how many bytes are left. */
function unquote(into: Buffer, bytes: Uint8Array, from: number, to: number): number {
  let length = 0;
  for (let at = from; at < to; at += 1, length += 1) {
    into[length] = bytes[at] as number;
    if (bytes[at] === QUOTE && at + 1 < to && bytes[at + 1] === QUOTE) at += 1;
  }
  return length;
}

function hasQuote(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && bytes[at] !== QUOTE) at += 1;
  return at < to;
}
