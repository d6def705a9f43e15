import { describe, expect, it } from 'vitest';

import { translated } from '../../../shared/aws/translate.ts';
import { CapacityError, DependencyError, RefusedError } from '../../../shared/errors.ts';

const failure = (name: string, some: object = {}) => Object.assign(new Error('said the service'), { name, ...some });

describe('an error of an SDK client', () => {
  it.each([
    ['a quota', failure('ResourceLimitExceeded', { $metadata: { httpStatusCode: 400 } }), CapacityError],
    ['throttling', failure('ThrottlingException', { $metadata: { httpStatusCode: 400 } }), DependencyError],
    ['S3’s throttling', failure('SlowDown', { $metadata: { httpStatusCode: 503 } }), DependencyError],
    ['any 5xx', failure('Surprise', { $metadata: { httpStatusCode: 502 } }), DependencyError],
    ['a wrong request', failure('ValidationException', { $metadata: { httpStatusCode: 400 } }), RefusedError],
    ['a wrong invocation', failure('ValidationError', { $metadata: { httpStatusCode: 400 } }), RefusedError],
    // Its status is 424. Source: SageMaker runtime, InvokeEndpoint, errors.
    ['a container that fails', failure('ModelError', { $metadata: { httpStatusCode: 424 } }), RefusedError],
    ['a broken connection', failure('Error', { code: 'ECONNRESET' }), DependencyError],
  ])('that is %s is told in our terms, with its cause', (_what, cause, kind) => {
    const error = translated(cause, 'put a key');

    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ message: expect.stringContaining('put a key'), cause });
  });

  it.each([
    ['a name that is taken', failure('ResourceInUse', { $metadata: { httpStatusCode: 400 } })],
    ['a missing permission', failure('AccessDeniedException', { $metadata: { httpStatusCode: 400 } })],
    ['a missing permission with a code', failure('AccessDenied', { code: 'x', $metadata: { httpStatusCode: 403 } })],
    ['what a service answers of a thing that is not there', failure('ResourceNotFound')],
    ['no error at all', 'a text'],
  ])('that is %s comes back as it is', (_what, cause) => {
    expect(translated(cause, 'put a key')).toBe(cause);
  });
});
