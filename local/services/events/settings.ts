import { type Json, ServiceError } from '../../contracts.ts';
import { destinationKind } from '../../deliver.ts';
import { integer, list, map, optional, type Read, structure, text } from '../parameters.ts';

/** Names of rules and ids of targets (recorded). */
export const NAME = '[\\.\\-_A-Za-z0-9]+';

const shape = structure({
  Id: text({ min: 1, max: 64, pattern: NAME }),
  Arn: text({ min: 1, max: 1600 }),
  RoleArn: optional(text({ min: 1, max: 1600 })),
  Input: optional(text({ max: 8192 })),
  InputPath: optional(text({ max: 256 })),
  InputTransformer: optional(
    structure({
      InputPathsMap: optional(map(text({ max: 256 }), { max: 100 })),
      InputTemplate: text({ min: 1, max: 8192 }),
    }),
  ),
  SqsParameters: optional(structure({ MessageGroupId: optional(text()) })),
  DeadLetterConfig: optional(structure({ Arn: optional(text({ min: 1, max: 1600 })) })),
  RetryPolicy: optional(
    structure({
      MaximumRetryAttempts: optional(integer({ min: 0, max: 185 })),
      MaximumEventAgeInSeconds: optional(integer({ min: 60, max: 86_400 })),
    }),
  ),
});

/** A target as PutTargets takes it; limits from the API reference (documented). */
export type TargetSettings = Read<typeof shape>;

const check = (target: TargetSettings): TargetSettings => {
  const { Id, Arn, Input, InputPath, InputTransformer, SqsParameters, DeadLetterConfig } = target;
  // The words are *assumed*.
  if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/.test(Arn))
    throw new ServiceError(
      'ValidationException',
      `Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`,
    );
  const kind = destinationKind(Arn);
  const shaped = Input ?? InputPath ?? InputTransformer;
  if (kind === 'bus' && shaped !== undefined)
    throw new ServiceError(
      'NotImplemented',
      `Target ${Id}: the local cloud gives an event bus the event as it is`,
      501,
    );
  if (kind === 'queue' && Arn.endsWith('.fifo') && SqsParameters?.MessageGroupId === undefined)
    throw new ServiceError('ValidationException', `Parameter(s) SqsParameters must be specified for target: ${Id}.`);
  const deadLetters = DeadLetterConfig?.Arn;
  if (deadLetters !== undefined && (destinationKind(deadLetters) !== 'queue' || deadLetters.endsWith('.fifo')))
    throw new ServiceError('ValidationException', `Parameter DeadLetterConfig.Arn is not valid for target ${Id}.`);
  return target;
};

/**
 * Reads one target.
 * @throws ServiceError for a target type or a parameter the local cloud does not implement, by name.
 */
const targetSettings: typeof shape = (value, path, findings) => {
  const before = findings.violations.length + findings.unknown.length;
  const target = shape(value, path, findings);
  // A target that is already wrong is reported as a whole by whoever reads it.
  return findings.violations.length + findings.unknown.length > before ? target : check(target);
};

/** A list of targets. */
export const targetList = list(targetSettings, { min: 1, max: 100 });

/** A target as ListTargetsByRule gives it: what was put, without what was not. */
export const targetAnswer = (target: TargetSettings): Json => JSON.parse(JSON.stringify(target)) as Json;
