import { ServiceError } from '../../contracts.ts';

/**
 * One page of a list.
 * @throws ServiceError ValidationException when the token is not one of ours.
 */
export const pageOf = <T>(
  items: readonly T[],
  limit: number | undefined,
  token: string | undefined,
): { readonly items: T[]; readonly next: string | undefined } => {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0)
    throw new ServiceError('ValidationException', 'Parameter NextToken is not valid.');
  const end = start + (limit ?? 100);
  return {
    items: items.slice(start, end),
    next: end < items.length ? Buffer.from(String(end)).toString('base64url') : undefined,
  };
};
