/**
 * S3's errors: code, status and words.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList (documented)
 */
import { ServiceError } from '../../contracts.ts';

export const accessDenied = () => new ServiceError('AccessDenied', 'Access Denied', 403);

export const noSuchBucket = (bucket: string) =>
  new ServiceError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: bucket });

export const noSuchKey = (key: string) =>
  new ServiceError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });

/** Version ids of S3 have this form; `null` is the id of a version that was written without one. */
const VERSION_ID = /^(?:null|[\w.-]{32})$/;

/**
 * Refuses what can be nobody's version id: not as a version that is missing, but as an argument that is none (as public
 * issues quote it).
 * @throws ServiceError InvalidArgument
 */
export const checkVersionId = (versionId: string | undefined): void => {
  if (versionId !== undefined && !VERSION_ID.test(versionId))
    throw invalidArgument('versionId', versionId, 'Invalid version id specified');
};

export const noSuchVersion = (key: string, versionId: string) =>
  new ServiceError('NoSuchVersion', 'The specified version does not exist.', 404, { Key: key, VersionId: versionId });

export const noSuchUpload = (uploadId: string) =>
  new ServiceError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    404,
    { UploadId: uploadId },
  );

/** Recorded: the error names the header that did not hold. */
export const preconditionFailed = (condition: string) =>
  new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: condition,
  });

export const invalidArgument = (name: string, value: string, message: string) =>
  new ServiceError('InvalidArgument', message, 400, { ArgumentName: name, ArgumentValue: value });

export const invalidRequest = (message: string) => new ServiceError('InvalidRequest', message);

export const malformedXml = (what: string) =>
  new ServiceError(
    'MalformedXML',
    `The XML you provided was not well-formed or did not validate against our published schema: ${what}`,
  );

export const methodNotAllowed = (method: string) =>
  new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405, {
    Method: method,
    ResourceType: 'DeleteMarker',
  });

/** What S3 has and this stand-in does not, by name. */
export const notImplemented = (what: string) =>
  new ServiceError(
    'NotImplemented',
    `A header or parameter you provided implies functionality that is not implemented: ${what}`,
    501,
  );

export const keyTooLong = (key: string, limitBytes: number) =>
  new ServiceError('KeyTooLongError', 'Your key is too long', 400, {
    Size: Buffer.byteLength(key),
    MaxSizeAllowed: limitBytes,
  });
