import { ServiceError } from '../../contracts.ts';

/** SNS's errors, by the codes of its query protocol (API reference, common errors, documented). */
export const invalid = (what: string) => new ServiceError('InvalidParameter', `Invalid parameter: ${what}`);

export const notFound = (what: string) => new ServiceError('NotFound', `${what} does not exist`, 404);

/** SNS's own codes for those of KMS: Publish (documented). */
export const KMS_CODES: Readonly<Record<string, string>> = {
  AccessDenied: 'KMSAccessDenied',
  'KMS.DisabledException': 'KMSDisabled',
  'KMS.NotFoundException': 'KMSNotFound',
};

/** A parameter, an attribute or a protocol the local cloud does not honour. */
export const notImplemented = (what: string) =>
  new ServiceError('NotImplemented', `The local cloud does not implement ${what}`, 501);
