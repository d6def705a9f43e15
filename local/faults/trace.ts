/** What went by while somebody looked: every place at which a fault could strike a function, in order. */

/** A request that a function made. */
export interface TracedRequest {
  readonly kind: 'request';
  readonly function: string;
  /** Which invocation of the function it was, from 1; the latest that had begun. 0: none had. */
  readonly invocation: number;
  /** Which request of that invocation, from 1. */
  readonly request: number;
  /** Which request of the function since the trace began, from 1. */
  readonly ordinal: number;
  readonly service: string;
  readonly operation: string;
}

/** An event on its way to one target. */
export interface TracedEvent {
  readonly kind: 'event';
  readonly bus: string;
  readonly rule: string;
  readonly target: string;
  readonly source: string;
  readonly detailType: string;
  /** Which event of this rule to this target since the trace began, from 1. */
  readonly ordinal: number;
}

export interface Trace {
  readonly requests: readonly TracedRequest[];
  readonly events: readonly TracedEvent[];
  stop(): void;
}

/** Counts from 1 by key. */
export const createOrdinals = () => {
  const counts = new Map<string, number>();
  return {
    next(key: string): number {
      const ordinal = (counts.get(key) ?? 0) + 1;
      counts.set(key, ordinal);
      return ordinal;
    },
    of: (key: string): number => counts.get(key) ?? 0,
    clear: () => counts.clear(),
  };
};

/** The invocations of functions and the requests in each, counted. */
export interface Invocations {
  begin(functionName: string): void;
  /** @returns The place of a function's next request. */
  request(functionName: string): { readonly invocation: number; readonly request: number };
  clear(): void;
}

export const createInvocations = (): Invocations => {
  const begun = createOrdinals();
  let requests = new Map<string, number>();
  return {
    begin(functionName) {
      begun.next(functionName);
      requests.set(functionName, 0);
    },
    request(functionName) {
      const request = (requests.get(functionName) ?? 0) + 1;
      requests.set(functionName, request);
      return { invocation: begun.of(functionName), request };
    },
    clear() {
      begun.clear();
      requests = new Map();
    },
  };
};
