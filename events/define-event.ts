import * as z from 'zod';

/** One kind of event: where it comes from, what it is called, what its detail holds. */
export interface EventContract<T> {
  readonly source: string;
  readonly detailType: string;
  /** Of the envelope's `detail`; parsing it gives what a step is woken with. */
  readonly detail: z.ZodType<T>;
}

/** What every event of Millrace's own says about itself. */
export const metadataSchema = z.object({
  /** Derived from what the event is about: a repeat has the same. */
  eventId: z.string().min(1),
  /** Ties together everything that follows from one beginning. */
  correlationId: z.string().min(1),
  occurredAt: z.iso.datetime(),
});

export type Metadata = z.infer<typeof metadataSchema>;

/** A contract of Millrace's own, its data apart from the metadata. */
export interface MillraceEvent<T> extends EventContract<{ metadata: Metadata; data: T }> {
  readonly source: 'millrace';
  readonly data: z.ZodType<T>;
}

/** Declares an event of Millrace's own. `detailType` ends with its major version. */
export const defineEvent = <T>(detailType: `${string}.v${number}`, data: z.ZodType<T>): MillraceEvent<T> => ({
  source: 'millrace',
  detailType,
  data,
  detail: z.object({ metadata: metadataSchema, data }),
});

/** Declares an event of an AWS service; the schema brings all forms AWS uses into one. Unknown members are AWS's right. */
export const defineAwsEvent = <T>(source: string, detailType: string, detail: z.ZodType<T>): EventContract<T> => ({
  source,
  detailType,
  detail,
});
