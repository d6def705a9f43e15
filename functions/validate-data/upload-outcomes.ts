/** What becomes of one upload: recorded first, told afterwards, and told again the same when its event comes again. */
import { DatasetAcceptedV1, DatasetDeferredV1, DatasetRejectedV1, DatasetRepeatedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { ProblemCode } from '../../shared/data/problems.ts';
import { limitsDigest, type ReadLimits } from '../../shared/data/read-limits.ts';
import { acceptedData } from '../../shared/ledger/accepted-event.ts';
import { type Arrival, arrivalSchema, type Upload, type Verdict } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { Outcome } from '../../shared/runtime/woken.ts';

/** So many problems go into an event, which may have 256 KB; the verdict has all that were kept. */
const TOLD_PROBLEMS = 50;

/** An upload that is judged again because the rules have changed: its first fact stands, and a further one is added. */
export interface Again {
  readonly first: Arrival;
  /** Of the further fact. */
  readonly key: string;
}

/** Whether the rules have changed since an upload was judged. */
export function judgedUnderOthers(
  first: Arrival,
  rulesDigest: string,
  { key, versionId }: Upload,
  model: string,
): Again | undefined {
  if (first.rulesDigest === undefined || first.rulesDigest === rulesDigest) return undefined;
  return { first, key: keys.arrivalUnder(model, key, versionId, rulesDigest) };
}

export type UploadOutcomes = ReturnType<typeof uploadOutcomes>;

/** Records and tells what becomes of an upload. */
export const uploadOutcomes = (
  { ledger, tell, limits }: { readonly ledger: Ledger; readonly tell: Tell; readonly limits: ReadLimits },
  upload: Upload,
  sizeBytes: number,
  now: Date,
) => {
  const receivedNow = now.toISOString();
  const aboutUpload = `${upload.key}\n${upload.versionId}`;

  const record = (
    key: string,
    arrival: Pick<Arrival, 'receivedAt' | 'outcome' | 'dataset' | 'rulesDigest' | 'reason'>,
  ) => ledger.record(arrivalSchema, key, { upload, sizeBytes, ...arrival });

  const arrived = (
    model: string,
    arrival: Pick<Arrival, 'outcome' | 'dataset' | 'rulesDigest' | 'reason'>,
    again?: Again,
    receivedAt = receivedNow,
  ) =>
    record(again?.key ?? keys.arrival(model, upload.key, upload.versionId), {
      // Judged again or not, it came when it came: which version of a key is the newest depends on it.
      receivedAt: again?.first.receivedAt ?? receivedAt,
      ...arrival,
    });

  const putOffKey = (model: string) => keys.putOff(model, upload.key, upload.versionId, limitsDigest(limits));

  return {
    arrived,

    async ignore(model: string, reason: string): Promise<Outcome> {
      await arrived(model, { outcome: 'ignored', reason });
      return { outcome: 'ignored' };
    },

    /** That it was put off, under the limits there are now. */
    putOff: (model: string): Promise<Arrival | undefined> => ledger.find(arrivalSchema, putOffKey(model)),

    /** Puts it off for as long as the limits are what they are, and tells a person. */
    async defer(model: string, reason: string): Promise<Outcome> {
      const fact = await record(putOffKey(model), { receivedAt: receivedNow, outcome: 'deferred', reason });
      await tell(
        DatasetDeferredV1,
        `${aboutUpload}\n${limitsDigest(limits)}`,
        { model, key: upload.key, reason: fact.reason ?? reason },
        { now, correlationId: aboutUpload },
      );
      return { outcome: 'deferred' };
    },

    /** What holds nothing, or names what is not there, is no dataset, and still somebody has to be told. */
    async rejectUnread(model: string, code: ProblemCode, message: string): Promise<Outcome> {
      const fact = await arrived(model, { outcome: 'rejected', reason: message });
      const problems = [{ code, message: fact.reason ?? message }];
      await tell(
        DatasetRejectedV1,
        aboutUpload,
        { model, dataset: null, key: upload.key, problems, reportKey: null },
        { now, correlationId: aboutUpload },
      );
      return { outcome: 'rejected' };
    },

    async tellVerdict(verdict: Verdict): Promise<void> {
      const { model, dataset, rulesDigest, accepted } = verdict;
      const about = `${model}/${dataset}/${rulesDigest}`;
      const context = { now, correlationId: dataset };
      if (accepted) {
        await tell(DatasetAcceptedV1, about, acceptedData(verdict), context);
        return;
      }
      const problems = verdict.problems.slice(0, TOLD_PROBLEMS);
      const drawn = verdict.reportKey === null ? [] : await ledger.keys(verdict.reportKey);
      const reportKey = drawn.length > 0 ? verdict.reportKey : null;
      await tell(DatasetRejectedV1, about, { model, dataset, key: upload.key, problems, reportKey }, context);
    },

    /** The uploader hears that these bytes were here before, and what had come of them. */
    async tellRepeated({ model, dataset, accepted }: Verdict): Promise<void> {
      const context = { now, correlationId: dataset };
      await tell(DatasetRepeatedV1, aboutUpload, { model, dataset, key: upload.key, accepted }, context);
    },
  };
};
