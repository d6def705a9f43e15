/**
 * Message move tasks: dead letters go back to where they came from, or to another queue. Source:
 * docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html (documented).
 */
import { type Actor, type Cloud, ServiceError } from '../../contracts.ts';
import type { MessageKeys } from '../../message-keys.ts';
import { invalidParameter, queryCodes } from './errors.ts';
import type { Queue, Stored } from './queue.ts';
import type { Queues } from './queues.ts';

export type MoveTaskStatus = 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

/** One task; times are epoch milliseconds. */
export interface MoveTask {
  readonly handle: string;
  /** Who asked for it: the messages are decrypted and encrypted by their right (documented). */
  readonly by: Actor;
  readonly sourceArn: string;
  readonly destinationArn: string | undefined;
  readonly perSecond: number | undefined;
  readonly startedAt: number;
  readonly toMove: number;
  status: MoveTaskStatus;
  moved: number;
  failure: string | undefined;
}

export interface MoveTasks {
  /** @throws ServiceError ResourceNotFoundException, InvalidParameterValue, UnsupportedOperation. */
  start(by: Actor, sourceArn: string, destinationArn: string | undefined, perSecond: number | undefined): MoveTask;
  /** The latest first. @throws ServiceError ResourceNotFoundException. */
  list(sourceArn: string, max: number): MoveTask[];
  /** @throws ServiceError ResourceNotFoundException, UnsupportedOperation. */
  cancel(handle: string): MoveTask;
  close(): void;
}

// ListMessageMoveTasks shows up to ten tasks of a queue (documented): older ones are forgotten.
const MOST_REMEMBERED = 10;
/** Without a rate AWS finds its own; *assumed*: 500 messages per second, the most a rate may be. */
const OWN_RATE = 500;
const STEP_MS = 1_000;

const notFound = () =>
  new ServiceError(
    'ResourceNotFoundException',
    "The resource that you specified for the SourceArn parameter doesn't exist.",
  );

export const createMoveTasks = (cloud: Cloud, queues: Queues, keys: MessageKeys): MoveTasks => {
  const tasks = new Map<string, MoveTask[]>();

  const queue = (arn: string): Queue => {
    const found = queues.find(arn.split(':').at(-1) ?? '');
    if (found?.arn !== arn) throw notFound();
    return found;
  };
  const isDeadLetterQueue = (arn: string) =>
    queues.all().some((each) => each.settings().RedrivePolicy?.deadLetterTargetArn === arn);

  /** Moves one message. @throws ServiceError KmsAccessDenied, KmsDisabled, KmsNotFound */
  const move = (task: MoveTask, message: Stored, source: Queue, target: Queue) => {
    if (message.encryptedWith)
      keys.decrypt(task.by, message.encryptedWith, source.settings().KmsDataKeyReusePeriodSeconds);
    const { KmsMasterKeyId: key, KmsDataKeyReusePeriodSeconds: reuse } = target.settings();
    const encryptedWith = key === undefined ? undefined : { key, place: target.arn };
    if (encryptedWith) keys.encrypt(task.by, encryptedWith, reuse);
    target.adopt(message, encryptedWith);
    task.moved += 1;
  };

  const step = (task: MoveTask) => {
    if (task.status !== 'RUNNING') return;
    const source = queues.find(task.sourceArn.split(':').at(-1) ?? '');
    const most = Math.min(task.perSecond ?? OWN_RATE, task.toMove - task.moved);
    const taken = source?.takeOut(most) ?? [];
    const fail = (from: number, failure: string) => {
      for (const left of taken.slice(from)) source?.takeIn(left);
      task.status = 'FAILED';
      task.failure = failure;
    };
    for (const [index, message] of taken.entries()) {
      const destination = task.destinationArn ?? message.deadLetterSource ?? '';
      const target = queues.find(destination.split(':').at(-1) ?? '');
      if (!source || !target) {
        // A task fails when the queue a message came from is not known or has gone (documented); the code is *assumed*.
        const isKnown = message.deadLetterSource !== undefined;
        return fail(index, isKnown ? 'AWS.SimpleQueueService.NonExistentQueue' : 'CouldNotDetermineMessageSource');
      }
      try {
        move(task, message, source, target);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        // A task fails without the right to the queues' keys (documented); the code is *assumed*.
        return fail(index, queryCodes[error.code] ?? error.code);
      }
    }
    if (task.moved >= task.toMove || taken.length === 0) task.status = 'COMPLETED';
    else cloud.clock.after(STEP_MS, () => step(task), `sqs: messages of ${task.sourceArn} are moved`);
  };

  return {
    start(by, sourceArn, destinationArn, perSecond) {
      const source = queue(sourceArn);
      // Only the messages of a dead-letter queue of another queue can be moved: StartMessageMoveTask (documented).
      if (!isDeadLetterQueue(sourceArn))
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      if (destinationArn !== undefined) {
        const target = queue(destinationArn);
        if (target === source) throw invalidParameter('Source queue arn and destination queue arn cannot be the same.');
        // Messages of a standard queue go to standard queues and those of a FIFO queue to FIFO queues (documented).
        if (target.settings().FifoQueue !== source.settings().FifoQueue)
          throw invalidParameter('Source and destination queue must be of the same type.');
      }
      const known = tasks.get(sourceArn) ?? [];
      // One task per queue is active at a time: StartMessageMoveTask (documented).
      if (known.some(({ status }) => status === 'RUNNING'))
        throw new ServiceError(
          'UnsupportedOperation',
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      const task: MoveTask = {
        handle: Buffer.from(JSON.stringify({ taskId: cloud.id('uuid'), sourceArn })).toString('base64'),
        by,
        sourceArn,
        destinationArn,
        perSecond,
        startedAt: cloud.clock.ms(),
        toMove: source.count().visible,
        status: 'RUNNING',
        moved: 0,
        failure: undefined,
      };
      tasks.set(sourceArn, [task, ...known].slice(0, MOST_REMEMBERED));
      void cloud.activity.track(
        `sqs: messages of ${sourceArn} are moved`,
        Promise.resolve().then(() => step(task)),
      );
      return task;
    },
    list(sourceArn, max) {
      queue(sourceArn);
      return (tasks.get(sourceArn) ?? []).slice(0, max);
    },
    cancel(handle) {
      const task = [...tasks.values()].flat().find((each) => each.handle === handle);
      if (!task) throw new ServiceError('ResourceNotFoundException', 'Task does not exist.');
      // Only a running task can be cancelled: CancelMessageMoveTask (documented); what was moved stays where it is.
      if (task.status !== 'RUNNING')
        throw new ServiceError(
          'UnsupportedOperation',
          'Message move task cannot be cancelled because its status is not RUNNING.',
        );
      task.status = 'CANCELLED';
      return task;
    },
    close() {
      for (const task of [...tasks.values()].flat()) if (task.status === 'RUNNING') task.status = 'CANCELLED';
      tasks.clear();
    },
  };
};
