/** Where an endpoint that came from elsewhere captures: `s3://bucket/prefix/<endpoint>/<variant>/yyyy/mm/dd/hh/`. */
import type { PublishedDefinition } from '../definition/published.ts';
import type { Watch } from '../ledger/facts.ts';
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

/** Where the endpoint captures that a watch is about. @throws RangeError for a definition that names none */
export function watchedPlace(
  { model, n }: Pick<Watch, 'model' | 'n'>,
  { definition }: Pick<PublishedDefinition, 'definition'>,
): CapturePlace {
  const { existing } = definition.deployment;
  if (existing === null) throw new RangeError(`watch ${n} of ${model} is of a definition that names no endpoint`);
  return capturePlace(existing);
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
