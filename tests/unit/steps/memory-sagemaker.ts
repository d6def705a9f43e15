/** SageMaker in memory, as its interface says: names are taken once, statuses move when the test says so. */
import { RefusedError } from '../../../shared/errors.ts';
import type { Description, ResourceKind, SageMakerApi, SageMakerRequest } from '../../../shared/sagemaker/resources.ts';

/** The member of a create request that holds the name, by kind. */
const NAMED: Readonly<Record<ResourceKind, string>> = {
  trainingJob: 'TrainingJobName',
  transformJob: 'TransformJobName',
  model: 'ModelName',
  endpointConfig: 'EndpointConfigName',
  endpoint: 'EndpointName',
  modelPackageGroup: 'ModelPackageGroupName',
};

/** What a thing of each kind is right after it was created. */
const CREATED: Readonly<Record<ResourceKind, Description>> = {
  trainingJob: { TrainingJobStatus: 'InProgress', SecondaryStatus: 'Starting' },
  transformJob: { TransformJobStatus: 'InProgress' },
  model: {},
  endpointConfig: {},
  endpoint: { EndpointStatus: 'Creating' },
  modelPackageGroup: { ModelPackageGroupStatus: 'Completed' },
};

/** A job's name is taken: SageMaker names this one, and it reaches the steps as it is. */
class ResourceInUse extends Error {
  override readonly name = 'ResourceInUse';
}

/** What can be refused: creating a kind of thing, and two things that are asked of an endpoint. */
type Refusable = ResourceKind | 'updateEndpoint' | 'invoke';

export interface MemorySageMaker extends SageMakerApi {
  /** Every effect that was asked for and took place, in order: `create trainingJob <name>`. */
  readonly effects: string[];
  /** Every question an endpoint was asked. */
  readonly asked: { readonly endpointName: string; readonly csv: string; readonly inferenceId: string }[];
  /** Lets it fail until it is set to undefined again. */
  refuse(what: Refusable, error: Error | undefined): void;
  /** Changes members of what Describe tells. */
  set(kind: ResourceKind, name: string, members: Description): void;
  /** Ends an endpoint's creation or update: it serves what was asked for, or comes back as it was, or fails. */
  settle(endpointName: string, how: 'served' | 'rolled back' | 'failed', reason?: string): void;
  /** An endpoint that was being deleted is gone. */
  gone(endpointName: string): void;
  /** What endpoints answer. */
  answer: (csv: string) => string;
  /** All there is, as a value to compare. */
  contents(): unknown;
}

export const memorySageMaker = (): MemorySageMaker => {
  const things = new Map<string, Description>();
  const packages = new Map<string, Description>();
  const refusals = new Map<Refusable, Error>();
  const effects: string[] = [];
  const asked: { endpointName: string; csv: string; inferenceId: string }[] = [];
  const copy = (value: Description): Description => structuredClone(value);
  const there = (key: string): Description => {
    const found = things.get(key);
    if (!found) throw new RefusedError(`could not find ${key}`);
    return found;
  };
  const endpointIn = (name: string, statuses: readonly string[]): Description => {
    const endpoint = there(`endpoint ${name}`);
    if (!statuses.includes(String(endpoint.EndpointStatus))) {
      throw new RefusedError(`endpoint ${name} is ${String(endpoint.EndpointStatus)}`);
    }
    return endpoint;
  };
  const allowed = (what: Refusable): void => {
    const refusal = refusals.get(what);
    if (refusal) throw refusal;
  };

  const api: MemorySageMaker = {
    effects,
    asked,
    answer: () => '',
    refuse(what, error) {
      if (error) refusals.set(what, error);
      else refusals.delete(what);
    },
    gone(name) {
      endpointIn(name, ['Deleting']);
      things.delete(`endpoint ${name}`);
    },
    set(kind, name, members) {
      things.set(`${kind} ${name}`, { ...there(`${kind} ${name}`), ...members });
    },
    settle(name, how, reason) {
      const { PendingDeploymentSummary: pending, ...endpoint } = endpointIn(name, ['Creating', 'Updating']);
      const config = how === 'served' && pending ? Object(pending).EndpointConfigName : endpoint.EndpointConfigName;
      things.set(`endpoint ${name}`, {
        ...endpoint,
        EndpointStatus: how === 'failed' ? 'Failed' : 'InService',
        EndpointConfigName: config,
        ...(reason !== undefined && { FailureReason: reason }),
      });
    },
    contents: () => ({
      things: Object.fromEntries([...things].sort(([a], [b]) => (a < b ? -1 : 1))),
      packages: Object.fromEntries(packages),
    }),

    async create(kind, request) {
      const name = String(request[NAMED[kind]]);
      if (things.has(`${kind} ${name}`)) {
        const message = `${kind} ${name} cannot be created: the name is taken`;
        // Source: CreateTrainingJob, CreateTransformJob, API reference; the others declare no such error.
        throw kind === 'trainingJob' || kind === 'transformJob'
          ? new ResourceInUse(message)
          : new RefusedError(message);
      }
      allowed(kind);
      things.set(`${kind} ${name}`, copy({ ...request, ...CREATED[kind] }));
      effects.push(`create ${kind} ${name}`);
    },
    async describe(kind, name) {
      const found = things.get(`${kind} ${name}`);
      return found && copy(found);
    },
    async stop(kind, name) {
      const member = kind === 'trainingJob' ? 'TrainingJobStatus' : 'TransformJobStatus';
      const job = there(`${kind} ${name}`);
      if (job[member] !== 'InProgress') throw new RefusedError(`${kind} ${name} is ${String(job[member])}`);
      things.set(`${kind} ${name}`, { ...job, [member]: 'Stopping' });
      effects.push(`stop ${kind} ${name}`);
    },
    async updateEndpoint(request) {
      const name = String(request.EndpointName);
      const endpoint = endpointIn(name, ['InService']);
      allowed('updateEndpoint');
      things.set(`endpoint ${name}`, {
        ...endpoint,
        EndpointStatus: 'Updating',
        PendingDeploymentSummary: { EndpointConfigName: request.EndpointConfigName },
      });
      effects.push(`update endpoint ${name} to ${String(request.EndpointConfigName)}`);
    },
    async deleteEndpoint(name) {
      endpointIn(name, ['InService', 'Failed', 'UpdateRollbackFailed']);
      things.delete(`endpoint ${name}`);
      effects.push(`delete endpoint ${name}`);
    },
    async remove(kind, name) {
      there(`${kind} ${name}`);
      things.delete(`${kind} ${name}`);
      effects.push(`delete ${kind} ${name}`);
    },
    async createPackage(request: SageMakerRequest) {
      const arn = `arn:aws:sagemaker:eu-west-1:000000000000:model-package/${String(request.ModelPackageGroupName)}/${packages.size + 1}`;
      packages.set(arn, copy({ ...request, ModelPackageArn: arn }));
      effects.push(`create package ${arn}`);
      return arn;
    },
    async describePackage(arn) {
      const found = packages.get(arn);
      return found && copy(found);
    },
    async updatePackage({ ModelPackageArn, ...members }) {
      const arn = String(ModelPackageArn);
      const found = packages.get(arn);
      if (!found) throw new RefusedError(`no package ${arn}`);
      packages.set(arn, copy({ ...found, ...members }));
      effects.push(`update package ${arn} to ${String(members.ModelApprovalStatus)}`);
    },
    async *listPackages(group) {
      for (const [arn, found] of [...packages].toReversed()) {
        if (found.ModelPackageGroupName === group) yield { arn, description: String(found.ModelPackageDescription) };
      }
    },
    async invoke(endpointName, csv, inferenceId) {
      endpointIn(endpointName, ['InService', 'Updating']);
      allowed('invoke');
      asked.push({ endpointName, csv, inferenceId });
      return api.answer(csv);
    },
  };
  return api;
};
