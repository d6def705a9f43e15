/** The Range header. https://www.rfc-editor.org/rfc/rfc9110#name-range-requests (documented) */

/** First and last byte, both within the object. */
export type ByteRange = { readonly from: number; readonly to: number } | 'unsatisfiable';

/**
 * @param sizeBytes Of the object.
 * @returns Undefined for what S3 answers with the whole object: another unit, several ranges, or no range at all.
 */
export const parseRange = (header: string, sizeBytes: number): ByteRange | undefined => {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(header);
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? 'unsatisfiable' : { from: sizeBytes - length, to: sizeBytes - 1 };
  }
  const from = Number(first);
  const to = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < from) return undefined;
  return from >= sizeBytes ? 'unsatisfiable' : { from, to };
};
