/** Which service a request is for. Reads headers and the address only, never the body. */
import { type OperationService, type Service, ServiceError } from '../contracts.ts';
import type { Signature } from './sigv4.ts';

/** Path under which function URLs are served. */
export const FUNCTION_URL_PREFIX = '/_url/';
/** Path of the administrator's control door. */
export const CONTROL_PREFIX = '/_cloud/';

export interface Address {
  readonly method: string;
  /** As received: percent-encoded, dots and double slashes as they came. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The header `x-amz-target`. */
  readonly target: string | undefined;
  readonly contentType: string | undefined;
  readonly signature: Signature | undefined;
}

export type Route =
  | { readonly kind: 'control' }
  | { readonly kind: 'function-url'; readonly service: Service }
  | { readonly kind: 'json'; readonly service: Service; readonly api: OperationService; readonly operation: string }
  | { readonly kind: 'query'; readonly service: Service; readonly api: OperationService }
  | { readonly kind: 'rest'; readonly service: Service };

/** @returns Path and query of a request line, the path untouched. */
export const splitUrl = (url: string): { path: string; query: URLSearchParams } => {
  const at = url.indexOf('?');
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) };
};

const isForm = (contentType: string | undefined) =>
  contentType?.startsWith('application/x-www-form-urlencoded') === true;

/**
 * By `x-amz-target`, then by the service in the signature's scope, then by path.
 * @throws ServiceError UnknownOperationException that names the service or the operation there is none of.
 */
export const findRoute = (services: readonly Service[], address: Address): Route => {
  const { path, target, signature } = address;
  if (path.startsWith(CONTROL_PREFIX)) return { kind: 'control' };

  if (path.startsWith(FUNCTION_URL_PREFIX)) {
    const service = services.find(({ scope, api }) => scope === 'lambda' && api.protocol === 'rest');
    if (!service)
      throw new ServiceError('UnknownOperationException', 'This cloud has no service for function URLs', 404);
    return { kind: 'function-url', service };
  }

  if (target !== undefined) {
    const dot = target.lastIndexOf('.');
    const prefix = target.slice(0, Math.max(dot, 0));
    const operation = target.slice(dot + 1);
    for (const service of services) {
      const { api } = service;
      if (api.protocol !== 'rest' && api.protocol !== 'query' && api.target === prefix)
        return { kind: 'json', service, api, operation };
    }
    throw new ServiceError(
      'UnknownOperationException',
      `This cloud has no service with the target ${prefix || target} (asked for ${operation}, signed for ${signature?.service ?? 'nobody'})`,
      404,
    );
  }

  if (!signature) {
    // S3 is the one service that takes requests without a signature; it refuses them itself, in its own words.
    const s3 = services.find(({ scope }) => scope === 's3');
    if (s3 && !isForm(address.contentType)) return { kind: 'rest', service: s3 };
    throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
  }

  const scoped = services.filter(({ scope }) => scope === signature.service);
  if (scoped.length === 0) {
    throw new ServiceError(
      'UnknownOperationException',
      `This cloud has no service ${signature.service} (${address.method} ${path})`,
      404,
    );
  }
  const asksAction = isForm(address.contentType) || address.query.has('Action');
  for (const service of scoped) {
    const { api } = service;
    if (api.protocol === 'query' && asksAction) return { kind: 'query', service, api };
  }
  const rest = scoped.find(({ api }) => api.protocol === 'rest');
  if (rest) return { kind: 'rest', service: rest };
  throw new ServiceError(
    'UnknownOperationException',
    `The service ${signature.service} is not spoken to with ${address.method} ${path} (content type ${address.contentType ?? 'none'}) in this cloud`,
    404,
  );
};
