import { ConflictError } from '../errors.ts';
import { recordedRequestSchema } from '../ledger/facts.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ResourceKind, SageMakerApi, SageMakerRequest } from './resources.ts';

/** How a create ended when it did not fail. */
export type Created = 'created' | 'existed';

/**
 * Whether what exists is what was asked for: every member that both have is equal, tags excepted (they may be changed
 * by others, and Describe does not tell them).
 */
export const agrees = (asked: unknown, found: unknown): boolean => {
  if (Array.isArray(asked)) {
    return Array.isArray(found) && asked.length === found.length && asked.every((item, i) => agrees(item, found[i]));
  }
  if (typeof asked === 'object' && asked !== null) {
    if (typeof found !== 'object' || found === null) return false;
    return Object.entries(asked).every(([name, value]) => {
      if (name === 'Tags' || value === undefined) return true;
      const there: unknown = Object(found)[name];
      return there === undefined || agrees(value, there);
    });
  }
  return asked === found;
};

/**
 * Creates something on SageMaker under a name that says what it is. The request is recorded before it is sent, and a
 * repeat sends the recorded one, even under newer code. That it exists is decided by describing it, never by the text
 * of an error.
 *
 * @throws ConflictError when the name is taken by something else.
 */
export const createOnce = async (
  { ledger, sageMaker }: { ledger: Ledger; sageMaker: SageMakerApi },
  call: { kind: ResourceKind; name: string; requestKey: string; request: SageMakerRequest; now: Date },
): Promise<Created> => {
  const { request } = await ledger.record(recordedRequestSchema, call.requestKey, {
    operation: call.kind,
    request: { ...call.request },
    decidedAt: call.now.toISOString(),
  });
  try {
    await sageMaker.create(call.kind, request);
    return 'created';
  } catch (cause) {
    const found = await sageMaker.describe(call.kind, call.name);
    if (found === undefined) throw cause;
    if (!agrees(request, found)) {
      throw new ConflictError(`${call.kind} ${call.name} exists and is something else`, { cause });
    }
    return 'existed';
  }
};
