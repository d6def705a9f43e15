import { createHash } from 'node:crypto';

import { LabelsLandedV1, LabelsRejectedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import type { Upload } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { placeLabels, startOfHour } from '../../shared/monitoring/label-placing.ts';
import {
  type LabelFile,
  labelFileSchema,
  labelHourSchema,
  labelObjectName,
} from '../../shared/monitoring/label-store.ts';
import { meaningOf, readLabels } from '../../shared/monitoring/labels.ts';
import { isClosed, type Window, windowAt, windowName, windowText } from '../../shared/monitoring/windows.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import type { JudgedDeps } from './judged.ts';
import { labelKey } from './label-key.ts';
import { labelledBy } from './labelled.ts';

export interface TakeLabelsDeps extends JudgedDeps {
  /** The uploaders' bucket. */
  readonly data: ObjectStore;
  /** Tells this step, through its own queue and after a while: labels that come together are measured together. */
  readonly ask: Tell;
  readonly tell: Tell;
  /** A larger file is put off, and a person is told. */
  readonly maxLabelBytes: number;
}

/** An object that was created in the data bucket. */
export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly versionId?: string | undefined;
}

const HOUR_MS = 3_600_000;

/**
 * A label that names no hour is about a prediction made within so long before its file came: twice the time labels are
 * given, and a window. What comes later says `inference_time`; looking further back would make more of the keys that are
 * asked again and again ambiguous.
 */
const lookBackMs = (labelDelayMs: number, windowMs: number): number => 2 * labelDelayMs + windowMs;

/** The closed windows that hours of predictions lie in. */
function windowsOf(hours: LabelFile['hours'], windowMs: number, now: Date): Window[] {
  const windows = new Map<string, Window>();
  for (const [hour] of hours) {
    const from = startOfHour(hour);
    for (let at = from; at < from + HOUR_MS; at += Math.min(windowMs, HOUR_MS)) {
      const window = windowAt(at, windowMs);
      if (isClosed(window, now.getTime())) windows.set(windowName(window), window);
    }
  }
  return [...windows.values()];
}

/**
 * Takes in a file of labels: read once, put down by the hour of the predictions they are about, so that what comes late,
 * in parts or corrected adds up. Then each window it touches is to be measured.
 */
export const takeLabels =
  ({ data, ask, tell, maxLabelBytes, ...deps }: TakeLabelsDeps) =>
  async ({ data: created, now, occurredAt }: Woken<CreatedObject>): Promise<Outcome & { labels?: number }> => {
    const { ledger } = deps;
    // A bucket without versions has one of each key, and that is called null. Source: S3 user guide, "Object versioning".
    const upload: Upload = { bucket: created.bucket, key: created.key, versionId: created.versionId ?? 'null' };
    const meant = labelKey(created.key);
    const published = meant.model === undefined ? undefined : await readPublished(ledger, meant.model);
    const model = published?.model ?? '-';
    const labelled = published && (await labelledBy(deps, published));
    const factKey = keys.labelFile(model, upload.key, upload.versionId);

    const record = (fact: Pick<LabelFile, 'outcome'> & Partial<LabelFile>) =>
      ledger.record(labelFileSchema, factKey, {
        model,
        upload,
        sizeBytes: created.sizeBytes,
        arrivedAt: occurredAt.toISOString(),
        lines: 0,
        labels: 0,
        empty: 0,
        problems: [],
        counts: {},
        hours: [],
        ...fact,
      });

    /** What follows from the file; a repeat of its event does it again. */
    const follow = async (fact: LabelFile): Promise<Outcome & { labels?: number }> => {
      const about = `${upload.key}\n${upload.versionId}`;
      if (fact.outcome === 'rejected' || fact.outcome === 'deferred') {
        const { reason = '', problems } = fact;
        await tell(
          LabelsRejectedV1,
          about,
          { model, key: upload.key, reason, problems },
          { now, correlationId: about },
        );
      }
      if (fact.outcome === 'taken' && labelled !== undefined) {
        const windows = windowsOf(fact.hours, labelled.monitoring.window, now);
        await boundedMap(windows, (window) =>
          ask(
            LabelsLandedV1,
            `${model}/${windowName(window)}\n${about}`,
            { model, window: windowText(window) },
            { now, correlationId: `${model}/${windowName(window)}` },
          ),
        );
      }
      return { outcome: fact.outcome, labels: fact.labels };
    };

    const stands = await ledger.find(labelFileSchema, factKey);
    if (stands !== undefined) return follow(stands);
    if (meant.kind === 'ignored') return follow(await record({ outcome: 'ignored', reason: meant.reason }));
    if (published === undefined) {
      return follow(await record({ outcome: 'ignored', reason: `no model ${meant.model} is published` }));
    }
    if (labelled === undefined) {
      return follow(
        await record({
          outcome: 'ignored',
          reason: 'no model has been in service or watched: there are no predictions',
        }),
      );
    }
    const { quality, window: windowMs } = labelled.monitoring;
    if (quality === null) return follow(await record({ outcome: 'ignored', reason: 'monitoring.quality is off' }));
    if (created.sizeBytes > maxLabelBytes) {
      const reason = `${created.sizeBytes} bytes are more than the ${maxLabelBytes} that are read at once: upload the labels in parts`;
      return follow(await record({ outcome: 'deferred', reason }));
    }

    const { body } = await data.open(upload.key, upload.versionId);
    const { meaning, naming, find } = await labelled.reading(now);
    const read = await readLabels(body, meaning, occurredAt, naming);
    const told = (found: Pick<LabelFile, 'problems' | 'counts'>) => ({
      run: labelled.run,
      lines: read.lines,
      empty: read.empty,
      problems: [...found.problems],
      counts: { ...found.counts },
    });
    if (read.mostlyBad) {
      const reason = 'more of its lines are bad than good';
      return follow(
        await record({ ...told({ problems: [...read.problems], counts: read.counts }), outcome: 'rejected', reason }),
      );
    }
    const placed = await placeLabels(read, {
      isKeyed: naming.key !== null,
      arrivedMs: occurredAt.getTime(),
      lookBackMs: lookBackMs(quality.label_delay, windowMs),
      find,
    });
    const { problems, counts } = placed;
    const found = told({ problems: [...problems], counts });
    if (read.labels > 0 && placed.labels === 0 && naming.isSought) {
      const reason = 'not one of its labels could be found a prediction for';
      return follow(await record({ ...found, outcome: 'rejected', reason }));
    }
    const name = labelObjectName(occurredAt, createHash('sha256').update(factKey).digest('hex').slice(0, 16));
    await boundedMap([...placed.hours], ([hour, labels]) =>
      ledger.record(labelHourSchema, `${keys.labelHours(model, hour)}${name}`, {
        model,
        upload,
        arrivedAt: occurredAt.toISOString(),
        meaning: meaningOf(meaning),
        labels: [...labels],
      }),
    );
    // The file's own fact last: whoever finds it finds all its labels.
    const hours = [...placed.hours].map(([hour, labels]): [string, number] => [hour, labels.size]);
    return follow(await record({ ...found, outcome: 'taken', labels: placed.labels, hours }));
  };
