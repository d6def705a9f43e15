/**
 * The keys that queues and topics encrypt messages with: who may use them, and how long an answer of KMS holds.
 * docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html and
 * docs.aws.amazon.com/sns/latest/dg/sns-key-management.html (documented)
 */
import { type Actor, type Cloud, ServiceError } from './contracts.ts';

/** The key a message was encrypted with, and the queue or topic it was encrypted for: what the key's use is bound to. */
export interface MessageKey {
  /** Id, ARN or alias, as the queue or topic has it. */
  readonly key: string;
  /** ARN of the queue or topic. */
  readonly place: string;
}

export interface MessageKeys {
  /** The right to put a message in. @param reuseSeconds How long a data key is used again. @throws ServiceError */
  encrypt(by: Actor, key: MessageKey, reuseSeconds: number): void;
  /** The right to take a message out. @throws ServiceError */
  decrypt(by: Actor, key: MessageKey, reuseSeconds: number): void;
}

type Action = 'kms:GenerateDataKey' | 'kms:Decrypt';

/** Requesters are told apart by role, not by session: sqs-key-management (documented). */
const requesterOf = (by: Actor): string => {
  if ('service' in by) return `${by.service} ${by.sourceArn}`;
  if ('role' in by) return by.role;
  return by.principal.roleArn ?? by.principal.arn;
};

const MOST_REMEMBERED = 1_000;

/**
 * The keys of one service's messages.
 * @param service `via`: its name in a signature's scope; `context`: the name its encryption context gives the queue or
 * topic; `codes`: its own error codes for those of KMS.
 */
export const createMessageKeys = (
  cloud: Pick<Cloud, 'kms' | 'clock'>,
  service: { readonly via: string; readonly context: string; readonly codes: Readonly<Record<string, string>> },
): MessageKeys => {
  /** Until when a data key is used again, epoch milliseconds. Requesters do not share data keys (documented). */
  const held = new Map<string, number>();

  const ask = (by: Actor, { key, place }: MessageKey, actions: readonly Action[], reuseSeconds: number) => {
    const now = cloud.clock.ms();
    const holder = `${actions.join()} ${requesterOf(by)} ${place} ${key}`;
    const until = held.get(holder);
    if (until !== undefined && now < until) return;
    for (const action of actions) {
      try {
        cloud.kms?.authorize({ by, action, key, via: service.via, context: { [service.context]: place } });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const code = service.codes[error.code];
        if (code === undefined) throw error;
        throw new ServiceError(code, `${error.message} (Service: AWSKMS; Status Code: 400)`);
      }
    }
    if (held.size >= MOST_REMEMBERED) held.clear();
    held.set(holder, now + reuseSeconds * 1_000);
  };

  return {
    // A producer makes a data key and checks that it is whole (documented).
    encrypt: (by, key, reuseSeconds) => ask(by, key, ['kms:GenerateDataKey', 'kms:Decrypt'], reuseSeconds),
    decrypt: (by, key, reuseSeconds) => ask(by, key, ['kms:Decrypt'], reuseSeconds),
  };
};
