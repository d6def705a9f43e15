import { createHash } from 'node:crypto';

import type { Decision } from '../../shared/evaluation/decision.ts';
import type { Evaluation } from '../../shared/evaluation/evaluation.ts';
import { packageDescription } from '../../shared/sagemaker/package-description.ts';

/** How the registry says what was decided. Only an approved package can be deployed. */
const APPROVAL_STATUS = {
  promote: 'Approved',
  hold: 'PendingManualApproval',
  reject: 'Rejected',
} as const satisfies Record<Decision['outcome'], string>;

/** ApprovalDescription takes 1,024 characters and no line break. Source: UpdateModelPackage, API reference. */
export const approvalDescription = (messages: readonly string[]): string =>
  messages.join('; ').replace(/\s+/g, ' ').slice(0, 1024);

/** What a value of the metadata cannot hold. Source: CustomerMetadataValue, CreateModelPackage, API reference. */
const NOT_METADATA = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu;

/** What a version was made under: the published definition, and what its input means (`shared/definition/resolve.ts`). */
export interface ModelDigests {
  readonly definition: string;
  readonly input: string;
}

/** Figures a person sees in the registry beside the version: the metric that decides, and those with thresholds. */
function customerMetadata(
  run: string,
  digests: ModelDigests,
  evaluation: Evaluation,
  { policy: { metric, thresholds }, outcome, reasons }: Decision,
): Record<string, string> {
  const { candidate, champion, anchor, againstChampion, cluster } = evaluation;
  const figures = candidate.outcome === 'scored' ? candidate.figures : {};
  const shown = [...new Set([metric, ...Object.keys(thresholds)])].slice(0, 38);
  return {
    run,
    definition_digest: digests.definition,
    input_digest: digests.input,
    champion: champion?.run ?? 'none',
    decision: outcome,
    // Codes alone: the registry takes neither commas nor quotes in a value, and no more than 256 characters.
    because: reasons
      .map(({ code }) => code)
      .join(' ')
      .slice(0, 256),
    gate_rows: String(evaluation.rows),
    ...(cluster !== null && {
      gate_clusters: `${cluster.clusters} by ${cluster.by}`.replaceAll(NOT_METADATA, ' ').slice(0, 256),
    }),
    ...(anchor !== null && { anchor: anchor.run }),
    ...(againstChampion !== null && {
      gain: String(againstChampion.gain ?? 'undefined'),
      gain_at_least: String(againstChampion.lower ?? 'undefined'),
    }),
    ...Object.fromEntries(shown.map((name) => [name, String(figures[name] ?? 'undefined')])),
  };
}

/**
 * Two deliveries in one moment both find no version: the same token makes the second call answer with the first one's
 * version. At most 36 letters, digits and hyphens. Source: ClientToken, CreateModelPackage, API reference.
 */
const clientToken = (group: string, run: string): string =>
  createHash('sha256').update(`${group}\n${run}`).digest('hex').slice(0, 32);

/** What the registry is told of a candidate, once: metrics and metadata of a version cannot be changed later. */
export const packageRequest = (candidate: {
  readonly model: string;
  readonly run: string;
  readonly group: string;
  readonly image: string;
  readonly artifact: string;
  /** Null where a serverless endpoint will serve it. */
  readonly servingInstance: string | null;
  readonly transformInstances: readonly string[];
  /** Where the model quality lies; null where there are no figures. */
  readonly qualityUri: string | null;
  /** Where the bias report lies; null where fairness was not judged. */
  readonly biasUri: string | null;
  readonly digests: ModelDigests;
  readonly evaluation: Evaluation;
  readonly decision: Decision;
}) => ({
  ClientToken: clientToken(candidate.group, candidate.run),
  ModelPackageGroupName: candidate.group,
  ModelPackageDescription: packageDescription(candidate.model, candidate.run),
  InferenceSpecification: {
    Containers: [{ Image: candidate.image, ModelDataUrl: candidate.artifact }],
    SupportedContentTypes: ['text/csv'],
    SupportedResponseMIMETypes: ['text/csv'],
    ...(candidate.servingInstance !== null && {
      SupportedRealtimeInferenceInstanceTypes: [candidate.servingInstance],
    }),
    SupportedTransformInstanceTypes: [...candidate.transformInstances],
  },
  ModelApprovalStatus: APPROVAL_STATUS[candidate.decision.outcome],
  ...(candidate.qualityUri !== null && {
    ModelMetrics: {
      ModelQuality: { Statistics: { ContentType: 'application/json', S3Uri: candidate.qualityUri } },
      ...(candidate.biasUri !== null && {
        Bias: { PostTrainingReport: { ContentType: 'application/json', S3Uri: candidate.biasUri } },
      }),
    },
  }),
  CustomerMetadataProperties: customerMetadata(
    candidate.run,
    candidate.digests,
    candidate.evaluation,
    candidate.decision,
  ),
});
