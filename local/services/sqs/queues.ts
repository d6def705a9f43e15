import type { Cloud } from '../../contracts.ts';
import { ServiceError } from '../../contracts.ts';
import { invalidParameter, noSuchQueue } from './errors.ts';
import { createQueue, type Queue } from './queue.ts';
import { allowsRedriveFrom, type QueueSettings } from './queue-attributes.ts';
import { measured } from './queue-metrics.ts';

/** The queues there are, and who listens to them. */
export interface Queues {
  /** @throws ServiceError QueueDoesNotExist. */
  byArn(arn: string): Queue;
  /** The host of a queue URL does not matter, as with the SDKs. @throws ServiceError QueueDoesNotExist. */
  byUrl(url: string): Queue;
  /** @throws ServiceError QueueDoesNotExist. */
  byName(name: string): Queue;
  all(): Queue[];
  find(name: string): Queue | undefined;
  /** @throws ServiceError InvalidParameterValue. */
  create(name: string, settings: QueueSettings): Queue;
  /** Changes a queue's settings. @throws ServiceError InvalidParameterValue. */
  change(queue: Queue, settings: QueueSettings): void;
  remove(queue: Queue): void;
  arnOf(name: string): string;
  urlOf(name: string): string;
  /** Calls back, soon and never at once, when there may be something to receive. Returns the way to stop. */
  listen(arn: string, callback: () => void): () => void;
  close(): void;
}

// The name of a deleted queue is free again after 60 seconds: DeleteQueue (documented).
const DELETED_MS = 60_000;

export const createQueues = (cloud: Cloud): Queues => {
  const queues = new Map<string, Queue>();
  const listeners = new Map<string, Set<() => void>>();
  const waking = new Set<string>();
  /** When queues were deleted whose names are still taken. */
  const deleted = new Map<string, number>();

  const arnOf = (name: string) => `arn:aws:sqs:${cloud.region}:${cloud.account}:${name}`;
  const find = (name: string) => queues.get(name);
  const findArn = (arn: string) => {
    const queue = queues.get(arn.split(':').at(-1) ?? '');
    return queue?.arn === arn ? queue : undefined;
  };
  const existing = (queue: Queue | undefined): Queue => {
    if (!queue) throw noSuchQueue();
    return queue;
  };

  /** Refuses a redrive policy that could not be followed. */
  const checkRedrive = (arn: string, { RedrivePolicy: policy, FifoQueue }: QueueSettings) => {
    if (policy === undefined) return;
    const refused = (reason: string) =>
      invalidParameter(`Value ${JSON.stringify(policy)} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
    const target = findArn(policy.deadLetterTargetArn);
    // The dead-letter queue of a redrive policy must be there:
    // docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html (documented).
    if (!target) throw refused('Dead letter target does not exist.');
    // The dead-letter queue of a FIFO queue is a FIFO queue, that of a standard queue a standard one: SetQueueAttributes
    // (documented).
    if (target.settings().FifoQueue !== FifoQueue)
      throw refused('Dead-letter queue must be same type of queue as the source.');
    // A queue that its dead-letter queue's RedriveAllowPolicy shuts out is refused: SetQueueAttributes (documented); the
    // words are *assumed*.
    if (!allowsRedriveFrom(target.settings(), arn))
      throw refused("The dead-letter queue's RedriveAllowPolicy does not allow this source queue.");
  };

  const wake = async (arn: string) => {
    await Promise.resolve();
    waking.delete(arn);
    for (const callback of [...(listeners.get(arn) ?? [])]) {
      try {
        callback();
      } catch (error) {
        cloud.log('sqs: a listener failed', {
          queue: arn,
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
  };
  const available = ({ arn }: Queue) => {
    if (!listeners.get(arn)?.size || waking.has(arn)) return;
    waking.add(arn);
    void cloud.activity.track(`sqs: ${arn} has messages`, wake(arn));
  };

  return {
    byArn: (arn) => existing(findArn(arn)),
    byUrl(url) {
      const [, account, name] = /^(?:https?:\/\/[^/]+)?\/?(?:(\d{12})\/)?([^/]+)$/.exec(url) ?? [];
      return existing(account === undefined || account === cloud.account ? find(name ?? '') : undefined);
    },
    byName: (name) => existing(find(name)),
    all: () => [...queues.values()],
    find,
    create(name, settings) {
      if (
        !/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, '')) ||
        name.length > 80 ||
        name.endsWith('.fifo') !== settings.FifoQueue
      )
        throw invalidParameter(
          settings.FifoQueue
            ? 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.'
            : 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
        );
      if (queues.has(name)) throw new ServiceError('QueueNameExists', `A queue named ${name} already exists.`);
      for (const [gone, at] of deleted) if (cloud.clock.ms() - at >= DELETED_MS) deleted.delete(gone);
      if (deleted.has(name))
        throw new ServiceError(
          'QueueDeletedRecently',
          'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
        );
      checkRedrive(arnOf(name), settings);
      const plain = createQueue(name, arnOf(name), settings, {
        clock: cloud.clock,
        newId: () => cloud.id('uuid'),
        queue: findArn,
        available,
      });
      const queue = measured(plain, cloud.clock, cloud.monitoring);
      queues.set(name, queue);
      queue.watch((listeners.get(queue.arn)?.size ?? 0) > 0);
      return queue;
    },
    change(queue, settings) {
      checkRedrive(queue.arn, settings);
      queue.change(settings);
    },
    remove(queue) {
      queue.close();
      queues.delete(queue.name);
      deleted.set(queue.name, cloud.clock.ms());
    },
    arnOf,
    urlOf: (name) => `${cloud.url()}/${cloud.account}/${name}`,
    listen(arn, callback) {
      const callbacks = listeners.get(arn) ?? new Set();
      listeners.set(arn, callbacks);
      callbacks.add(callback);
      const queue = findArn(arn);
      queue?.watch(true);
      if (queue?.ready()) available(queue);
      return () => {
        callbacks.delete(callback);
        if (callbacks.size === 0) findArn(arn)?.watch(false);
      };
    },
    close() {
      for (const queue of queues.values()) queue.close();
      queues.clear();
      listeners.clear();
      deleted.clear();
    },
  };
};
