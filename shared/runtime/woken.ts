/** What a step is woken with. */
export interface Woken<T> {
  readonly data: T;
  /** The waking envelope's time, never the wall clock: a repeat days later decides the same. */
  readonly now: Date;
  /** When what the event tells of happened; a repeat says the same. */
  readonly occurredAt: Date;
  /** Of Millrace's own events their `eventId`, which a repeat shares; of AWS's the envelope's id. */
  readonly eventId: string;
  /** Since when this message has been waiting for capacity; undefined the first time. */
  readonly waitingSince?: Date;
  /** How long the function may still take, asked when it is needed; undefined where nobody stops it. */
  readonly remainingMs?: () => number;
}

/** What a step came to; `outcome` is counted and logged. */
export interface Outcome {
  readonly outcome: string;
}

export type Step<T> = (woken: Woken<T>) => Promise<Outcome>;
