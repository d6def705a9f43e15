/** Which requests a rule selects. */
import type { JsonObject, Principal } from '../contracts.ts';
import { compilePattern } from './pattern.ts';
import type { FaultRule, RuleOf } from './settings.ts';

export type RequestRule = RuleOf<'throttle' | 'error' | 'quota' | 'latency' | 'crash'>;

/** A request that may go on. */
export interface AdmittedRequest {
  readonly scope: string;
  readonly operation: string;
  readonly params: JsonObject;
  readonly principal: Principal;
  /** The function that asks, and the place of the request among its own; undefined when no function asks. */
  readonly by: { readonly function: string; readonly invocation: number; readonly request: number } | undefined;
}

const KINDS: ReadonlySet<FaultRule['fault']> = new Set(['throttle', 'error', 'quota', 'latency', 'crash']);
export const isRequestRule = (rule: FaultRule): rule is RequestRule => KINDS.has(rule.fault);

const nameOf = (arn: string | undefined): string | undefined => arn?.slice(arn.lastIndexOf('/') + 1);

/** The function whose credentials signed: that Lambda names a role's session after the function is *assumed*. */
export const functionOf = ({ arn, roleArn }: Principal): string | undefined =>
  roleArn === undefined ? undefined : nameOf(arn);

const namesIn = (params: JsonObject): string[] => {
  const names = Object.values(params).filter((value) => typeof value === 'string');
  const { Bucket: bucket, Key: key } = params;
  return typeof bucket === 'string' && typeof key === 'string' ? [...names, `${bucket}/${key}`] : names;
};

/** What a quota is used up by when its rule names no operation. */
const WITH_INSTANCES: ReadonlySet<string> = new Set([
  'CreateTrainingJob',
  'CreateHyperParameterTuningJob',
  'CreateTransformJob',
  'CreateEndpoint',
  'UpdateEndpoint',
]);

/** @returns Whether a request is one of those the rule is about. */
export const compileRequestRule = (rule: RequestRule): ((request: AdmittedRequest) => boolean) => {
  const [service, operation, role, asking] = [rule.service, rule.operation, rule.role, rule.function].map(
    compilePattern,
  );
  const resource = compilePattern(rule.resource);
  return ({ scope, operation: name, params, principal, by }) => {
    if (!service?.(scope) || !operation?.(name)) return false;
    if (!role?.(nameOf(principal.roleArn)) || !asking?.(by?.function)) return false;
    if (rule.fault === 'crash') {
      if (rule.invocation !== undefined && by?.invocation !== rule.invocation) return false;
      if (rule.request !== undefined && by?.request !== rule.request) return false;
    }
    if (
      rule.fault === 'quota' &&
      !(scope === 'sagemaker' && (rule.operation !== undefined || WITH_INSTANCES.has(name)))
    )
      return false;
    return rule.resource === undefined || namesIn(params).some(resource);
  };
};
