import { findImage } from '../../containers/images.ts';
import type { Cloud } from '../../contracts.ts';
import { integer, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import { type ColumnFilter, columnFilter } from './csv-columns.ts';
import { invalid, notImplemented } from './errors.ts';
import type { Model } from './models.ts';
import * as shapes from './shapes.ts';

export const CreateTransformJob = structure({
  TransformJobName: shapes.name,
  ModelName: shapes.modelName,
  MaxConcurrentTransforms: optional(integer({ min: 0 })),
  ModelClientConfig: optional(
    structure({
      InvocationsTimeoutInSeconds: optional(integer({ min: 1, max: 3600 })),
      InvocationsMaxRetries: optional(integer({ min: 0, max: 3 })),
    }),
  ),
  MaxPayloadInMB: optional(integer({ min: 0 })),
  BatchStrategy: optional(oneOf('MultiRecord', 'SingleRecord')),
  Environment: optional(shapes.environment({ entries: 16, key: 1024, value: 10_240 })),
  TransformInput: structure({
    DataSource: structure({
      S3DataSource: structure({
        S3DataType: shapes.someOf(
          ['ManifestFile', 'S3Prefix', 'AugmentedManifestFile', 'Converse'],
          ['ManifestFile', 'S3Prefix'],
        ),
        S3Uri: shapes.s3Uri,
      }),
    }),
    ContentType: optional(shapes.mimeType),
    CompressionType: optional(oneOf('None', 'Gzip')),
    SplitType: optional(shapes.someOf(['None', 'Line', 'RecordIO', 'TFRecord'], ['None', 'Line'])),
  }),
  TransformOutput: structure({
    S3OutputPath: shapes.s3Uri,
    Accept: optional(shapes.mimeType),
    AssembleWith: optional(oneOf('None', 'Line')),
  }),
  TransformResources: structure({
    InstanceType: shapes.instanceType,
    // Any number of instances is one process here: which instance takes which object is not to be seen from outside.
    InstanceCount: integer({ min: 1, max: 100 }),
  }),
  DataProcessing: optional(
    structure({
      InputFilter: optional(text({ max: 63 })),
      OutputFilter: optional(text({ max: 63 })),
      JoinSource: optional(oneOf('Input', 'None')),
    }),
  ),
  Tags: optional(shapes.tags),
});

export type TransformRequest = Read<typeof CreateTransformJob>;

/** Columns that are left out or joined. */
export interface Processing {
  readonly input: ColumnFilter;
  readonly output: ColumnFilter;
  readonly join: boolean;
}

// Defaults and limits: API_CreateTransformJob (MaxPayloadInMB 6, at most 100 together with MaxConcurrentTransforms) and
// API_ModelClientConfig (600 seconds, 3 retries; documented).
export const DEFAULT_PAYLOAD_MB = 6;
const LONGEST_PAYLOAD_MB = 100;
export const DEFAULT_TIMEOUT_S = 600;
export const DEFAULT_RETRIES = 3;

const isCsv = (type: string | undefined) => type?.split(';')[0]?.trim().toLowerCase() === 'text/csv';

/**
 * Checks what can be wrong with a request beyond its shape.
 *
 * @returns The filters it asks for; undefined if none.
 * @throws ServiceError `ValidationException`, or `NotImplemented` for what the local cloud does not do.
 */
export const checkTransformRequest = (
  cloud: Pick<Cloud, 'images'>,
  request: TransformRequest,
  model: Model,
): Processing | undefined => {
  const { TransformInput: input, TransformOutput: output, DataProcessing: processing } = request;
  const payload = request.MaxPayloadInMB ?? DEFAULT_PAYLOAD_MB;
  const concurrent = request.MaxConcurrentTransforms ?? 0;
  if (payload > LONGEST_PAYLOAD_MB || payload * concurrent > LONGEST_PAYLOAD_MB) {
    throw invalid('MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB');
  }
  // "0 … should only be used for algorithms that support chunked encoding; built-in algorithms do not" (MaxPayloadInMB of
  // API_CreateTransformJob, documented); that the request is refused is *assumed*.
  if (payload === 0 && findImage(cloud.images, model.imageUri)?.metricDefinitions) {
    throw invalid('MaxPayloadInMB 0 is not supported for Amazon SageMaker built-in algorithms');
  }
  const split = (input.SplitType ?? 'None') !== 'None';
  if (request.BatchStrategy !== undefined && !split) throw invalid('BatchStrategy needs a SplitType other than None');
  const filters = [processing?.InputFilter, processing?.OutputFilter].some(
    (path) => path !== undefined && path !== '$',
  );
  const join = processing?.JoinSource === 'Input';
  if (!filters && !join) return undefined;
  if (!isCsv(input.ContentType) || !isCsv(output.Accept)) {
    throw notImplemented('DataProcessing of content types other than text/csv in and out (CreateTransformJob)');
  }
  if (!split || output.AssembleWith !== 'Line')
    throw invalid('DataProcessing needs SplitType Line and AssembleWith Line');
  return {
    input: columnFilter('DataProcessing.InputFilter', processing?.InputFilter ?? '$'),
    output: columnFilter('DataProcessing.OutputFilter', processing?.OutputFilter ?? '$'),
    join,
  };
};
