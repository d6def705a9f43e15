import type { Json, JsonObject } from '../../contracts.ts';

/** How one event writes what AWS writes in two ways. */
export interface EventSpelling {
  /** A time; null where there is none. */
  time(ms: number | undefined): Json;
  tags(tags: JsonObject): Json;
}

const numbers: EventSpelling = { time: (ms) => ms ?? null, tags: (tags) => tags };
const texts: EventSpelling = {
  time: (ms) => (ms === undefined ? null : String(ms)),
  tags: (tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
};

/**
 * The spelling of a job's n-th event, which changes from one to the next: whoever reads events of jobs must bear both.
 * Times are numbers of epoch milliseconds in the schema registry and texts of them in the samples of
 * automating-sagemaker-with-eventbridge.md; tags are an object in these and a list in the registry (documented).
 */
export const spellingOf = (nth: number): EventSpelling => (nth % 2 === 0 ? numbers : texts);
