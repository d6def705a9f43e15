/** Requests checked as AWS checks them, before anything else is looked at. */
import { type JsonObject, ServiceError } from '../contracts.ts';
import { type CompiledService, compileService } from './compile.ts';
import { constraintsOf, type Protocol } from './constraints.ts';
import { modelsOfScope } from './served.ts';
import { wordingOf } from './wording.ts';

interface Model {
  readonly service: string;
  readonly protocol: Protocol;
  readonly botocore: string;
  readonly compiled: CompiledService;
}

const models = new Map<string, Model>();

const modelOf = (service: string): Model => {
  const known = models.get(service);
  if (known) return known;
  const constraints = constraintsOf(service);
  const { protocol, botocore } = constraints;
  const model = { service, protocol, botocore, compiled: compileService(constraints) };
  models.set(service, model);
  return model;
};

/**
 * Checks the members of a request: unknown and required ones, types, lengths, ranges, patterns, enumerations, unions.
 * All that breaks a constraint is told at once.
 *
 * @param scope The service's name in a signature's scope.
 * @param params As the record has them; a payload is `{ bytes }`.
 * @param options `whole`: every member is there, the body's too. By default that is so but for services that read their
 *   bodies themselves, and whose members come as text before.
 * @throws ServiceError by the name and in the words of the service; NotImplemented for members that no model has;
 *   InternalFailure for an operation without constraint data.
 */
export const checkRequest = (
  scope: string,
  operation: string,
  params: JsonObject,
  options: { readonly whole?: boolean } = {},
): void => {
  for (const service of modelsOfScope(scope)) {
    const { protocol, botocore, compiled } = modelOf(service);
    const readsBody = protocol === 'rest-json' || protocol === 'rest-xml';
    const findings = compiled.check(operation, params, {
      carrier: protocol === 'json' ? 'typed' : 'text',
      whole: options.whole ?? !readsBody,
    });
    if (!findings) continue;
    const { mismatch, unknown } = findings;
    if (!mismatch && unknown.length === 0 && findings.violations.length === 0) return;
    const wording = wordingOf(service, operation);
    if (mismatch) throw wording.mismatch(mismatch);
    if (unknown.length > 0) {
      // AWS's JSON protocols skip members they do not know, so that a slip of the pen does nothing there; here it is told.
      throw new ServiceError(
        'NotImplemented',
        `${operation}: the local cloud knows no member ${unknown.join(', ')}; neither does AWS's model of ${service} as of botocore ${botocore}`,
        501,
      );
    }
    throw wording.violations(findings.violations);
  }
  throw new ServiceError(
    'InternalFailure',
    `${operation} of ${scope} is served without constraint data: npm run constraints writes it`,
    500,
  );
};
