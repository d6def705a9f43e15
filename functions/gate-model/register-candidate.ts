import type { ModelDefinition } from '../../shared/definition/schema.ts';
import type { Decision } from '../../shared/evaluation/decision.ts';
import type { Evaluation } from '../../shared/evaluation/evaluation.ts';
import { recordedRequestSchema, registeredSchema, type Trained } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { createOnce } from '../../shared/sagemaker/create-once.ts';
import { packageGroup } from '../../shared/sagemaker/names.ts';
import { packageDescription } from '../../shared/sagemaker/package-description.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { biasReport } from './bias-report.ts';
import { modelQuality } from './model-quality.ts';
import { type ModelDigests, packageRequest } from './package-request.ts';

interface RegistryDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly stage: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
  readonly image: string;
}

/** The version that was registered for a run, or undefined. */
async function registeredVersion(sageMaker: SageMakerApi, group: string, description: string) {
  for await (const version of sageMaker.listPackages(group)) {
    if (version.description === description) return version.arn;
  }
  return undefined;
}

/**
 * Registers the candidate with its figures and its approval status; a repeat finds the version again by the run's id
 * in its description. Gives the version's ARN.
 */
export async function registerCandidate(
  { ledger, sageMaker, stage, storeUri, image }: RegistryDeps,
  candidate: {
    readonly definition: ModelDefinition;
    readonly digests: ModelDigests;
    readonly trained: Trained;
    readonly evaluation: Evaluation;
    readonly decision: Decision;
    readonly now: Date;
  },
): Promise<string> {
  const { definition, digests, trained, evaluation, decision, now } = candidate;
  const { model, run } = decision;
  const registered = await ledger.find(registeredSchema, keys.registered(model, run));
  if (registered !== undefined) return registered.modelPackageArn;

  const group = packageGroup(stage, model);
  await createOnce(
    { ledger, sageMaker },
    {
      kind: 'modelPackageGroup',
      name: group,
      requestKey: keys.request(model, run, 'package-group'),
      request: {
        ModelPackageGroupName: group,
        Tags: [
          { Key: 'millrace:stage', Value: stage },
          { Key: 'millrace:model', Value: model },
        ],
      },
      now,
    },
  );

  const quality = modelQuality(evaluation);
  const qualityKey = keys.modelQuality(model, run);
  // Before registering: the metrics of a version cannot be changed later. Source: UpdateModelPackage, API reference.
  if (quality !== null) await ledger.write(qualityKey, `${JSON.stringify(quality)}\n`);
  const bias = biasReport(evaluation, definition.data.label.name);
  const biasKey = keys.biasReport(model, run);
  if (bias !== null) await ledger.write(biasKey, `${JSON.stringify(bias)}\n`);
  const { request } = await ledger.record(recordedRequestSchema, keys.request(model, run, 'package'), {
    operation: 'modelPackage',
    request: packageRequest({
      model,
      run,
      group,
      image,
      artifact: trained.artifact,
      servingInstance: definition.deployment.instance,
      transformInstances: definition.training.instance,
      qualityUri: quality === null ? null : `${storeUri}/${qualityKey}`,
      biasUri: bias === null ? null : `${storeUri}/${biasKey}`,
      digests,
      evaluation,
      decision,
    }),
    decidedAt: now.toISOString(),
  });
  const arn =
    (await registeredVersion(sageMaker, group, packageDescription(model, run))) ??
    (await sageMaker.createPackage(request));
  const stands = await ledger.record(registeredSchema, keys.registered(model, run), {
    model,
    run,
    modelPackageArn: arn,
    registeredAt: now.toISOString(),
  });
  return stands.modelPackageArn;
}
