/** One record of CSV: where it ends, what delimits it, what its fields are. */

export const LF = 0x0a;
export const CR = 0x0d;
export const QUOTE = 0x22;

const DELIMITERS = [',', ';', '\t', '|'];

/** Where a record ends. */
export interface RecordEnd {
  readonly to: number;
  readonly next: number;
  readonly lines: number;
  readonly unclosed: boolean;
}

/** Finds the end of a record before the delimiter is known: a quote opens a field only after a character that can delimit. */
export function endOfRecord(buffer: Buffer, from: number, final: boolean): RecordEnd | undefined {
  let lines = 1;
  let i = from;
  while (i < buffer.length) {
    const byte = buffer[i];
    if (byte === LF) {
      const to = i > from && buffer[i - 1] === CR ? i - 1 : i;
      return { to, next: i + 1, lines, unclosed: false };
    }
    if (byte === QUOTE && (i === from || DELIMITERS.includes(String.fromCharCode(buffer[i - 1] ?? 0)))) {
      const close = closingQuote(buffer, i + 1, buffer.length, final);
      if (close < 0) return final ? { to: buffer.length, next: buffer.length, lines, unclosed: true } : undefined;
      lines += countLines(buffer, i, close);
      i = close;
    }
    i += 1;
  }
  if (!final) return undefined;
  const to = buffer[i - 1] === CR ? i - 1 : i;
  return { to, next: buffer.length, lines, unclosed: false };
}

/** The offset of the quote that closes a field, or -1 when it has not arrived (or cannot be told yet from a doubled one). */
function closingQuote(buffer: Buffer, from: number, to: number, final: boolean): number {
  let at = from;
  for (;;) {
    const quote = buffer.indexOf(QUOTE, at);
    if (quote < 0 || quote >= to) return -1;
    if (quote + 1 >= to) return final ? quote : -1;
    if (buffer[quote + 1] !== QUOTE) return quote;
    at = quote + 2;
  }
}

/** How many line feeds stand between two offsets. */
export function countLines(buffer: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = buffer.indexOf(LF, from); at >= 0 && at < to; at = buffer.indexOf(LF, at + 1)) lines += 1;
  return lines;
}

/** The delimiter that splits the header into the most columns; a comma when none does. */
export function likeliestDelimiter(header: string): string {
  let best = ',';
  let most = 1;
  for (const delimiter of DELIMITERS) {
    const columns = splitRecord(header, delimiter).length;
    if (columns > most) {
      best = delimiter;
      most = columns;
    }
  }
  return best;
}

/** Splits one record into its fields, quotes removed. */
export function splitRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let field = '';
      let from = at + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) {
          field += text.slice(from);
          at = text.length;
          break;
        }
        field += text.slice(from, quote);
        if (text[quote + 1] === '"') {
          field += '"';
          from = quote + 2;
        } else {
          at = quote + 1;
          break;
        }
      }
      const next = text.indexOf(delimiter, at);
      field += text.slice(at, next < 0 ? text.length : next);
      fields.push(field);
      if (next < 0) return fields;
      at = next + 1;
    } else {
      const next = text.indexOf(delimiter, at);
      if (next < 0) {
        fields.push(text.slice(at));
        return fields;
      }
      fields.push(text.slice(at, next));
      at = next + 1;
    }
  }
}
