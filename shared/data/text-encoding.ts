/** What bytes are, as far as they are text: wide characters, and UTF-8 checked piece by piece. */
import { isUtf8 } from 'node:buffer';

/**
 * Whether text that holds NUL bytes is UTF-16 or UTF-32: of every four bytes in a row, some are NUL almost always and
 * some are not.
 */
export function looksLikeUtf16(buffer: Buffer): boolean {
  const sample = buffer.subarray(0, 64);
  const places = [0, 1, 2, 3].map((place) => {
    const bytes = sample.filter((_, index) => index % 4 === place);
    return bytes.filter((byte) => byte === 0).length / Math.max(1, bytes.length);
  });
  return places.some((share) => share >= 0.75) && places.some((share) => share <= 0.25);
}

/** How many bytes at the end are the beginning of a character whose rest has not arrived. */
export function cutCharacter(buffer: Buffer): number {
  for (let back = 1; back <= Math.min(3, buffer.length); back += 1) {
    const byte = buffer[buffer.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

/** The offset of the first byte that is not part of a valid UTF-8 character. */
export function firstInvalid(bytes: Buffer): number {
  let low = 0;
  let high = bytes.length;
  // Invariant: everything before `low` is valid, something before `high` is not.
  while (high - low > 4096) {
    let middle = (low + high) >> 1;
    while (middle > low && ((bytes[middle] ?? 0) & 0xc0) === 0x80) middle -= 1;
    if (middle === low) break;
    if (isUtf8(bytes.subarray(low, middle))) low = middle;
    else high = middle;
  }
  let at = low;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    const length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (length === 0 || at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}
