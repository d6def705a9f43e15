/**
 * Who may read and write objects that are encrypted with a key of KMS: whoever may use the key.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html (documented)
 */
import type { Actor } from '../../contracts.ts';
import type { Context, Exchange } from './exchange.ts';
import type { ObjectTraits } from './store.ts';

type Use = 'kms:GenerateDataKey' | 'kms:Decrypt';
type Place = Pick<Exchange, 'bucket' | 'key' | 'call'>;

/**
 * The right of somebody to use the key of an object.
 * @returns The ARN of the key; undefined for an object that has none but AWS's own.
 * @throws ServiceError AccessDenied, KMS.NotFoundException, KMS.DisabledException
 */
export const authorizeKey = (
  { cloud }: Pick<Context, 'cloud'>,
  by: Actor,
  { bucket, key }: Pick<Place, 'bucket' | 'key'>,
  { algorithm, keyId }: ObjectTraits['encryption'],
  action: Use,
): string | undefined => {
  if (algorithm === 'AES256' || keyId === undefined) return undefined;
  return cloud.kms?.authorize({
    by,
    action,
    key: keyId,
    via: 's3',
    // What S3 binds a data key to, where bucket keys are off.
    context: { 'aws:s3:arn': `arn:aws:s3:::${bucket}/${key}` },
  });
};

/**
 * The right to encrypt what is written.
 * @returns The traits, their key by its ARN, as S3 tells it.
 * @throws ServiceError AccessDenied, KMS.NotFoundException, KMS.DisabledException
 */
export const authorizeEncryption = (
  context: Pick<Context, 'cloud'>,
  place: Place,
  traits: ObjectTraits,
): ObjectTraits => {
  const keyArn = authorizeKey(
    context,
    { principal: place.call.principal },
    place,
    traits.encryption,
    'kms:GenerateDataKey',
  );
  return keyArn === undefined ? traits : { ...traits, encryption: { ...traits.encryption, keyId: keyArn } };
};

/** The right to decrypt what is read. HEAD reads nothing of it. @throws ServiceError as {@link authorizeEncryption} */
export const authorizeDecryption = (
  context: Pick<Context, 'cloud'>,
  place: Place,
  { encryption }: ObjectTraits,
): void => void authorizeKey(context, { principal: place.call.principal }, place, encryption, 'kms:Decrypt');
