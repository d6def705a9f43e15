/** Where an endpoint that came from elsewhere captures: `s3://bucket/prefix/<endpoint>/<variant>/yyyy/mm/dd/hh/`. */
import type { ObjectStore } from '../ledger/object-store.ts';

export interface CapturePlace {
  readonly bucket: string;
  /** Of the endpoint's own folder, in which each variant has one; ends with a slash. */
  readonly folder: string;
}

/**
 * Takes a destination of data capture apart. Source: SageMaker developer guide, model-monitor-data-capture-endpoint.md.
 *
 * @throws RangeError for what is no place in S3: a definition's has been checked.
 */
export function capturePlace({
  endpoint,
  capture,
}: {
  readonly endpoint: string;
  readonly capture: string;
}): CapturePlace {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(capture) ?? [];
  if (bucket === undefined) throw new RangeError(`${capture} is no place in S3`);
  return { bucket, folder: `${prefix === '' ? '' : `${prefix}/`}${endpoint}/` };
}

/** The folders of an endpoint's variants, in each of which capture has one for each hour. */
export async function variantFolders(
  captured: Pick<ObjectStore, 'folders'>,
  { folder }: Pick<CapturePlace, 'folder'>,
): Promise<string[]> {
  const variants: string[] = [];
  for await (const variant of captured.folders(folder)) variants.push(variant);
  return variants;
}
