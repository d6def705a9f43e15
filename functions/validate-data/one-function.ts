/** What one function can read. */

/** The limits of one function. */
export interface OneFunction {
  /** Its storage holds so much, and the typed copies beside it. */
  readonly maxBytes: number;
  /** How fast it reads at the least, and how long it may take. Unknown on a machine of one's own. */
  readonly pace?: { readonly bytesPerSecond: number; readonly seconds: number } | undefined;
}

/** Why so many bytes are too much for one function; undefined where they are not. `of` says what they are of. */
export function tooMuch(bytes: number, of: string, { maxBytes, pace }: OneFunction): string | undefined {
  if (bytes > maxBytes) return `${of} has ${bytes} bytes, more than the ${maxBytes} one function takes`;
  const seconds = pace === undefined ? 0 : Math.ceil(bytes / pace.bytesPerSecond);
  if (pace === undefined || seconds <= pace.seconds) return undefined;
  return `${of} has ${bytes} bytes: reading them may take ${seconds} s, more than the ${pace.seconds} one function has`;
}
