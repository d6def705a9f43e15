import type { Context } from './context.ts';
import { resourceInUse, resourceNotFound } from './errors.ts';
import type { Listed } from './listing.ts';

/** The jobs of one kind: their names, and what of them is under way. */
export interface Jobs<J extends Listed> {
  /** @throws ServiceError `ResourceNotFound` */
  get(name: string): J;
  find(name: string): J | undefined;
  all(): Iterable<J>;
  /** @throws ServiceError `ResourceInUse` when there is, or ever was, a job of this name. */
  claim(name: string, arn: string): void;
  /** Keeps a job under its name, whose case does not count. */
  add(job: J): void;
  /** Runs a part of a job's work; the cloud is not at rest until it is over. It must not reject. */
  run(job: J, work: () => Promise<void>): void;
  /** True once the cloud is closing: jobs end without a trace. */
  isClosed(): boolean;
  /** Stops what runs and waits for its end. */
  close(stop: (job: J) => void): Promise<void>;
}

/** @param noun `training job` */
export const createJobs = <J extends Listed>(context: Context, noun: string): Jobs<J> => {
  const jobs = new Map<string, J>();
  const running = new Set<Promise<void>>();
  let closed = false;
  const capitalised = noun.charAt(0).toUpperCase() + noun.slice(1);
  return {
    get(name) {
      const found = jobs.get(name.toLowerCase());
      if (!found) throw resourceNotFound('Requested resource not found.');
      return found;
    },
    find: (name) => jobs.get(name.toLowerCase()),
    all: () => jobs.values(),
    claim(name, arn) {
      // The words of a training job's are those github.com/SuperCowPowers/workbench/issues/384 quotes; the other kinds'
      // are *assumed* to be alike.
      if (jobs.has(name.toLowerCase())) {
        throw resourceInUse(
          `${capitalised} names must be unique within an AWS account and region, and a ${noun} with this name already exists (${arn})`,
        );
      }
    },
    add: (job) => void jobs.set(job.name.toLowerCase(), job),
    run(job, work) {
      const done = context.cloud.activity.track(`${noun} ${job.name}`, work());
      running.add(done);
      void done.finally(() => running.delete(done));
    },
    isClosed: () => closed,
    async close(stop) {
      closed = true;
      for (const job of jobs.values()) stop(job);
      await Promise.allSettled(running);
    },
  };
};
