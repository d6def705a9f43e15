import type { Timer } from '../../clock.ts';
import { parseS3Uri } from '../../containers/s3-input.ts';
import type { JsonObject } from '../../contracts.ts';
import type { Context } from './context.ts';
import type { DataCaptureConfig } from './endpoint-configs.ts';
import { s3UnderRole } from './role-access.ts';

/** One invocation, as it may be captured. */
export interface CapturedExchange {
  readonly endpoint: string;
  readonly variant: string;
  /** The role of the model that answered: it writes. */
  readonly roleArn: string;
  readonly config: DataCaptureConfig;
  readonly inferenceId?: string;
  readonly input: CapturedSide;
  readonly output: CapturedSide;
}

interface CapturedSide {
  readonly contentType: string;
  readonly body: Buffer;
}

/** Data capture of all endpoints. */
export interface DataCapture {
  /** Keeps an invocation, if it is one of the sample; it is in S3 within a minute. */
  record(exchange: CapturedExchange): void;
  /** Writes what is kept, of one endpoint or of all. */
  flush(endpoint?: string): Promise<void>;
  /** Forgets the timers. */
  close(): void;
}

interface Batch {
  readonly endpoint: string;
  readonly roleArn: string;
  readonly bucket: string;
  readonly folder: string;
  readonly firstMs: number;
  readonly lines: string[];
  sizeBytes: number;
  timer?: Timer;
}

// "A couple of minutes" pass until captured data lie in S3 (model-monitor-data-capture-endpoint.md, documented); that a
// file is written after a minute or at 4 MB is *assumed*.
const FLUSH_AFTER_MS = 60_000;
const FLUSH_AT_BYTES = 4 * 1024 * 1024;

// A content type that no header names is encoded in base64 (API_CaptureContentTypeHeader, documented).
const encodingOf = (config: DataCaptureConfig, contentType: string): 'CSV' | 'JSON' | 'BASE64' => {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  const named = (types: readonly string[] | undefined) => types?.some((one) => one.toLowerCase() === type) ?? false;
  if (named(config.CaptureContentTypeHeader?.CsvContentTypes)) return 'CSV';
  if (named(config.CaptureContentTypeHeader?.JsonContentTypes)) return 'JSON';
  return 'BASE64';
};

const side = (config: DataCaptureConfig, mode: 'INPUT' | 'OUTPUT', { contentType, body }: CapturedSide): JsonObject => {
  const encoding = encodingOf(config, contentType);
  return {
    observedContentType: contentType,
    mode,
    data: body.toString(encoding === 'BASE64' ? 'base64' : 'utf8'),
    encoding,
  };
};

const captures = (config: DataCaptureConfig, mode: 'Input' | 'Output') =>
  config.CaptureOptions.some(({ CaptureMode }) => CaptureMode === mode || CaptureMode === 'InputAndOutput');

const two = (value: number) => String(value).padStart(2, '0');

/** The folder of an hour, by UTC: `yyyy/mm/dd/hh`. */
const hourFolder = (time: Date) =>
  `${time.getUTCFullYear()}/${two(time.getUTCMonth() + 1)}/${two(time.getUTCDate())}/${two(time.getUTCHours())}`;

/** `mm-ss-SSS-<uuid>.jsonl`. */
const fileName = (time: Date, id: string) =>
  `${two(time.getUTCMinutes())}-${two(time.getUTCSeconds())}-${String(time.getUTCMilliseconds()).padStart(3, '0')}-${id}.jsonl`;

/**
 * Data capture: JSON lines below endpoint, variant and UTC hour (model-monitor-data-capture-endpoint.md, documented),
 * named by the minute, second and millisecond of the first (*assumed* from files seen in public).
 */
export const createDataCapture = (context: Context): DataCapture => {
  const { cloud } = context;
  const batches = new Map<string, Batch>();

  const write = async (id: string, batch: Batch): Promise<void> => {
    batch.timer?.cancel();
    if (!batches.delete(id)) return;
    const key = `${batch.folder}/${fileName(new Date(batch.firstMs), cloud.id('uuid'))}`;
    await s3UnderRole(cloud, batch.roleArn).write(
      batch.bucket,
      key,
      `${batch.lines.join('\n')}\n`,
      'application/jsonlines',
    );
  };
  // Capture is best effort (model-monitor-data-capture.md, documented): a bucket that is gone, or a role that may not
  // write, costs the records, not the endpoint.
  const writeSafely = (id: string, batch: Batch) =>
    cloud.activity.track(
      `data capture of ${batch.endpoint}`,
      write(id, batch).catch((error: unknown) =>
        cloud.log(`data capture of ${batch.endpoint} could not be written`, { error: String(error) }),
      ),
    );

  return {
    record({ endpoint, variant, roleArn, config, inferenceId, input, output }) {
      const { InitialSamplingPercentage: percentage } = config;
      if (config.EnableCapture === false) return;
      if (percentage < 100 && context.random() * 100 >= percentage) return;
      const time = cloud.clock.now();
      const line = JSON.stringify({
        captureData: {
          ...(captures(config, 'Input') ? { endpointInput: side(config, 'INPUT', input) } : {}),
          ...(captures(config, 'Output') ? { endpointOutput: side(config, 'OUTPUT', output) } : {}),
        },
        eventMetadata: {
          eventId: cloud.id('uuid'),
          ...(inferenceId === undefined ? {} : { inferenceId }),
          inferenceTime: `${time.toISOString().slice(0, 19)}Z`,
        },
        eventVersion: '0',
      });
      const { bucket, key } = parseS3Uri(config.DestinationS3Uri.replace(/\/+$/, ''));
      const folder = `${key === '' ? '' : `${key}/`}${endpoint}/${variant}/${hourFolder(time)}`;
      const id = `${bucket}/${folder}`;
      let batch = batches.get(id);
      if (!batch) {
        const opened: Batch = { endpoint, roleArn, bucket, folder, firstMs: time.getTime(), lines: [], sizeBytes: 0 };
        opened.timer = cloud.clock.after(
          FLUSH_AFTER_MS + (cloud.faults.captureDelayMs?.({ endpoint, variant }) ?? 0),
          () => void writeSafely(id, opened),
          `data capture of ${endpoint}`,
        );
        batches.set(id, opened);
        batch = opened;
      }
      batch.lines.push(line);
      batch.sizeBytes += line.length;
      if (batch.sizeBytes >= FLUSH_AT_BYTES) void writeSafely(id, batch);
    },
    async flush(endpoint) {
      const wanted = [...batches].filter(([, batch]) => endpoint === undefined || batch.endpoint === endpoint);
      await Promise.all(wanted.map(([id, batch]) => writeSafely(id, batch)));
    },
    close() {
      for (const batch of batches.values()) batch.timer?.cancel();
      batches.clear();
    },
  };
};
