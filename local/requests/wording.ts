/** How each service says that a request is not valid. */
import { ServiceError } from '../contracts.ts';
import type { TypeMismatch, Violation } from './findings.ts';

/** One service's way to refuse. */
export interface Wording {
  mismatch(found: TypeMismatch): ServiceError;
  /** @param found At least one. */
  violations(found: readonly Violation[]): ServiceError;
}

const sentenceOf = ({ path, value, sensitive, constraint }: Violation) => {
  // A sensitive value is left out of the message: public issues show it of Cognito's passwords, elsewhere it is *assumed*.
  const shown = value === undefined ? 'Value null' : sensitive ? 'Value' : `Value '${value}'`;
  return `${shown} at '${path}' failed to satisfy constraint: ${constraint}`;
};

/** EventBridge (CreateConnection, PutTargets) and CloudWatch (SetAlarmState) tell every broken constraint in one sentence each (recorded). */
const messageOf = (found: readonly Violation[]) =>
  `${found.length} validation error${found.length > 1 ? 's' : ''} detected: ${found.map(sentenceOf).join('; ')}`;

/** AWS does not say where a value of the wrong type is; that this cloud does is its own. */
const placed = ({ message, modelPath }: TypeMismatch) => (modelPath === '' ? message : `${message} (at ${modelPath})`);

const framework = (code: string, serialization = 'SerializationException'): Wording => ({
  mismatch: (found) => new ServiceError(serialization, placed(found)),
  violations: (found) => new ServiceError(code, messageOf(found)),
});

// EventBridge and CloudWatch answer ValidationException, which CloudWatch's query protocol calls ValidationError (recorded).
// SageMaker and Lambda do too, as reports of CreateTrainingJob and CreateFunction in public issues show; for their other
// operations that is *assumed*.
const VALIDATION_EXCEPTION = framework('ValidationException');

/** SQS answers MissingParameter and InvalidParameterValue, of its API reference's common errors (documented). */
const SQS: Wording = {
  mismatch: VALIDATION_EXCEPTION.mismatch,
  violations(found) {
    const missing = found.find(({ kind }) => kind === 'required');
    // CreateQueue, SetQueueAttributes and GetQueueAttributes answer InvalidAttributeName to an attribute there is none of;
    // API_CreateQueue, "Errors" (documented).
    const unknown = found.find(
      ({ kind, modelPath }) => kind === 'enum' && /^(?:Attributes|AttributeNames)$/.test(modelPath),
    );
    if (!missing && unknown)
      return new ServiceError('InvalidAttributeName', `Unknown Attribute ${unknown.collection?.item}.`);
    return missing
      ? new ServiceError('MissingParameter', `The request must contain the parameter ${missing.modelPath}.`)
      : new ServiceError('InvalidParameterValue', messageOf(found));
  },
};

/** SNS answers InvalidParameter, of each operation's errors in its API reference (documented); MalformedInput is *assumed*. */
const SNS: Wording = {
  mismatch: (found) => new ServiceError('MalformedInput', placed(found)),
  violations(found) {
    const missing = found.find(({ kind }) => kind === 'required');
    return missing
      ? new ServiceError(
          'InvalidParameter',
          `Invalid parameter: ${missing.modelPath} Reason: no value for required parameter`,
        )
      : new ServiceError('InvalidParameter', `Invalid parameter: ${messageOf(found)}`);
  },
};

// S3 has a code of its own for these; https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (documented).
const S3_CODES: Readonly<Record<string, string>> = {
  ServerSideEncryption: 'InvalidEncryptionAlgorithmError',
  StorageClass: 'InvalidStorageClass',
};

/** S3 answers codes of its own; the words here are *assumed*. */
const S3: Wording = {
  mismatch: (found) => new ServiceError('InvalidArgument', placed(found), 400, { ArgumentName: found.modelPath }),
  violations(found) {
    const [first] = found;
    const member = first?.modelPath ?? '';
    return new ServiceError(S3_CODES[member] ?? 'InvalidArgument', messageOf(found), 400, {
      ArgumentName: member,
      ...(first?.value !== undefined && { ArgumentValue: first.value }),
    });
  },
};

/** `MetricData.1.MetricName` → `MetricData.member.1.MetricName`, as the query protocol calls it. */
const queryPath = (modelPath: string) => modelPath.replace(/\.(\d+)(?=\.|$)/g, '.member.$1');

/**
 * PutMetricData has words of its own: those of its rules across members are recorded, those for a missing parameter and for
 * a collection that is too large stand in public issues; that all else is told by the value's name is *assumed*.
 */
const METRIC_DATA: Wording = {
  mismatch: VALIDATION_EXCEPTION.mismatch,
  violations([first]) {
    if (!first) return new ServiceError('InvalidParameterValueException', '');
    const { kind, modelPath, value, collection } = first;
    const parameter = queryPath(modelPath);
    if (kind === 'required' || (kind === 'min' && value === ''))
      return new ServiceError('MissingRequiredParameterException', `The parameter ${parameter} is required.`);
    if (kind === 'max' && collection)
      return new ServiceError(
        'InvalidParameterValueException',
        `The collection ${parameter} must not have a size greater than ${first.constraint.replace(/.* /, '')}.`,
      );
    return new ServiceError(
      'InvalidParameterValueException',
      `The value ${value} for parameter ${parameter} is invalid.`,
    );
  },
};

const WORDINGS: Readonly<Record<string, Wording>> = {
  cloudwatch: VALIDATION_EXCEPTION,
  events: VALIDATION_EXCEPTION,
  // IAM and STS answer ValidationError, of their references' common errors (documented); MalformedInput is *assumed*.
  iam: framework('ValidationError', 'MalformedInput'),
  lambda: VALIDATION_EXCEPTION,
  // CloudWatch Logs answers InvalidParameterException, of each operation's errors in its API reference (documented).
  logs: framework('InvalidParameterException'),
  s3: S3,
  sagemaker: VALIDATION_EXCEPTION,
  // SageMaker's runtime answers ValidationError; API_runtime_InvokeEndpoint, "Errors" (documented).
  'sagemaker-runtime': framework('ValidationError'),
  sns: SNS,
  sqs: SQS,
  sts: framework('ValidationError', 'MalformedInput'),
};

const OPERATIONS: Readonly<Record<string, Wording>> = { 'cloudwatch.PutMetricData': METRIC_DATA };

/** @throws Error for a service that no one has said this of. */
export const wordingOf = (service: string, operation: string): Wording => {
  const wording = OPERATIONS[`${service}.${operation}`] ?? WORDINGS[service];
  if (!wording) throw new Error(`no one has said how ${service} refuses a request`);
  return wording;
};
