/** What is more than one function reads, in the words of whoever is told. */
import type { ProblemCode } from '../../shared/data/problems.ts';
import type { ReadLimits } from '../../shared/data/read-limits.ts';

/** A sentence for each limit: how to go on. */
const ADVICE = {
  too_large: 'deliver it in several parts, or raise maxDatasetBytes (platform.yml)',
  too_many_columns: 'deliver fewer columns, or raise maxColumns (platform.yml)',
  out_of_time: 'deliver it in several parts',
} as const satisfies Partial<Record<ProblemCode, string>>;

const isAdvised = (code: string): code is keyof typeof ADVICE => Object.hasOwn(ADVICE, code);

/** Why something is put off, of what was found while it was read. */
export function putOffBecause({ code, message, part }: { code: string; message: string; part?: string }): string {
  const advice = isAdvised(code) ? `; ${ADVICE[code]}` : '';
  return `${part === undefined ? '' : `${part}: `}${message}${advice}`;
}

/**
 * Why so many bytes are too much for one function, by their number alone; undefined where they are not.
 *
 * @param of what they are of
 * @param seconds how long reading may take
 */
export function tooMuch(
  bytes: number,
  of: string,
  { maxBytes, bytesPerSecond }: Pick<ReadLimits, 'maxBytes' | 'bytesPerSecond'>,
  seconds = Number.POSITIVE_INFINITY,
): string | undefined {
  if (bytes > maxBytes)
    return `${of} has ${bytes} bytes, more than the ${maxBytes} one function takes; ${ADVICE.too_large}`;
  const needed = Math.ceil(bytes / bytesPerSecond);
  if (needed <= seconds) return undefined;
  const left = Math.max(0, Math.floor(seconds));
  return `${of} has ${bytes} bytes: reading them may take ${needed} s, more than the ${left} this function has left; ${ADVICE.out_of_time}`;
}
