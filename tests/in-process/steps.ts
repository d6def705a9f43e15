/** Millrace's steps wired as their handlers wire them, on clients that cross no HTTP. */
import './settings.ts';

import {
  ApprovalGivenV1,
  AttemptRequestedV1,
  CandidateHeldV1,
  CandidateRejectedV1,
  DatasetAcceptedV1,
  DatasetDeferredV1,
  DatasetRejectedV1,
  DatasetRepeatedV1,
  DeploymentRequestedV1,
  DeploymentRolledBackV1,
  ModelDeployedV1,
  ModelEvaluatedV1,
  RetrainingRequestedV1,
  RunDeclinedV1,
  RunEndedV1,
  RunPlannedV1,
  RunPreparedV1,
  RunRequestedV1,
  S3ObjectCreated,
  SageMakerEndpoint,
  SageMakerModelPackage,
  SageMakerTrainingJob,
  SageMakerTransformJob,
} from '../../events/index.ts';
import { deployModel } from '../../functions/deploy-model/deploy-model.ts';
import { evaluateModel } from '../../functions/evaluate-model/evaluate-model.ts';
import { gateRowsReader } from '../../functions/evaluate-model/read-gate-rows.ts';
import { gateModel } from '../../functions/gate-model/gate-model.ts';
import { giveApproval } from '../../functions/gate-model/give-approval.ts';
import { launchTraining } from '../../functions/launch-training/launch-training.ts';
import { notices } from '../../functions/notify/notice.ts';
import { notify } from '../../functions/notify/notify.ts';
import { planRun } from '../../functions/plan-run/plan-run.ts';
import { predict } from '../../functions/predict/predict.ts';
import { prepareData } from '../../functions/prepare-data/prepare-data.ts';
import { reconcile } from '../../functions/reconcile/reconcile.ts';
import { latencyProbe } from '../../functions/track-endpoint/latency.ts';
import { goldenProbe, inTurn } from '../../functions/track-endpoint/probe.ts';
import { trackEndpoint } from '../../functions/track-endpoint/track-endpoint.ts';
import { trackTraining } from '../../functions/track-training/track-training.ts';
import { validateData } from '../../functions/validate-data/validate-data.ts';
import type { InProcessContext, InProcessFunctions, InProcessHandler } from '../../local/in-process/environment.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { functionInvoker } from '../../shared/aws/function-invoker.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { topic } from '../../shared/aws/topic.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { on, onAws } from '../../shared/runtime/route.ts';
import { urlHandler } from '../../shared/runtime/url-handler.ts';
import { xgboostImage } from '../../shared/sagemaker/images.ts';
import { clientsOn } from './clients.ts';
import { openRememberingEngine } from './remembering-engine.ts';
import { wokenByEvent, wokenByQueue, wokenBySchedule } from './wake.ts';

/** What every step is wired with: the adapters on the clients of its own role, made once per environment. */
const adaptersOf = ({ client, environment, region }: InProcessContext) => {
  const setting = (name: string): string => {
    const value = environment[name];
    if (!value) throw new Error(`missing settings: ${name}`);
    return value;
  };
  const clients = clientsOn(client);
  const bucket = (name: string) => s3ObjectStore(setting(name), clients.s3);
  const store = bucket('STORE_BUCKET');
  return {
    setting,
    region,
    store,
    data: () => bucket('DATA_BUCKET'),
    ledger: ledgerOn(store),
    sageMaker: sageMakerApi(clients.sageMaker, clients.runtime),
    tell: () => eventPublisher(setting('BUS_NAME'), clients.events),
    queue: (name: string) => queue(setting(name), clients.sqs),
    topic: () => topic(setting('TOPIC_ARN'), clients.sns),
    invoke: functionInvoker(clients.lambda),
    stage: () => setting('STAGE'),
    storeUri: `s3://${setting('STORE_BUCKET')}`,
    hours: (name: string) => Number(setting(name)) * 3_600_000,
    engine:
      (memoryLimitMb: number) =>
      (tempDirectory: string): Promise<Engine> =>
        openRememberingEngine({ memoryLimitMb, tempDirectory }),
  };
};

type Adapters = ReturnType<typeof adaptersOf>;
type Handler = (event: never, context: never) => Promise<unknown>;

/** One function for each step, as its `handler.ts` has it. */
const STEPS: Readonly<Record<string, (adapters: Adapters) => Handler>> = {
  'validate-data': ({ ledger, store, data, tell, engine, setting }) =>
    wokenByEvent(
      onAws(
        S3ObjectCreated,
        validateData({
          ledger,
          store,
          data: data(),
          tell: tell(),
          openEngine: engine(Number(setting('ENGINE_MEMORY_MB'))),
          maxDatasetBytes: Number(setting('MAX_DATASET_BYTES')),
        }),
      ),
    ),

  'plan-run': ({ ledger, tell, stage, queue }) => {
    const plan = planRun({ ledger, tell: tell(), stage: stage() });
    return wokenByQueue(
      queue('QUEUE_URL'),
      on(DatasetAcceptedV1, (woken) =>
        plan({ ...woken, data: { model: woken.data.model, kind: 'new_data', answer: false } }),
      ),
      on(RunEndedV1, (woken) => plan({ ...woken, data: { model: woken.data.model, kind: 'new_data', answer: false } })),
      on(RunRequestedV1, (woken) => plan({ ...woken, data: { ...woken.data, kind: 'requested', answer: true } })),
      on(RetrainingRequestedV1, (woken) =>
        plan({
          ...woken,
          data: {
            model: woken.data.model,
            kind: 'retraining',
            reason: woken.data.reasons.map((reason) => reason.message).join('; '),
            causes: woken.data.reasons.map((reason) => reason.code),
            answer: true,
          },
        }),
      ),
    );
  },

  'prepare-data': ({ ledger, store, tell, engine, setting }) =>
    wokenByEvent(
      on(
        RunPlannedV1,
        prepareData({
          ledger,
          store,
          tell: tell(),
          openEngine: engine(Number(setting('ENGINE_MEMORY_MB'))),
          maxRunBytes: Number(setting('MAX_RUN_BYTES')),
        }),
      ),
    ),

  'launch-training': ({ ledger, sageMaker, tell, stage, region, storeUri, setting, queue, hours }) => {
    const launch = launchTraining({
      ledger,
      sageMaker,
      tell: tell(),
      stage: stage(),
      region,
      storeUri,
      roleArn: setting('SAGEMAKER_ROLE_ARN'),
      patienceMs: hours('PATIENCE_HOURS'),
    });
    return wokenByQueue(
      queue('QUEUE_URL'),
      on(RunPreparedV1, (woken) => launch({ ...woken, data: { ...woken.data, attempt: 1 } })),
      on(AttemptRequestedV1, launch),
    );
  },

  'track-training': ({ ledger, sageMaker, tell, stage, region, storeUri, setting }) =>
    wokenByEvent(
      onAws(
        SageMakerTrainingJob,
        trackTraining({
          ledger,
          sageMaker,
          tell: tell(),
          stage: stage(),
          region,
          storeUri,
          roleArn: setting('SAGEMAKER_ROLE_ARN'),
        }),
      ),
    ),

  'evaluate-model': ({ ledger, store, sageMaker, tell, stage, engine }) =>
    wokenByEvent(
      onAws(
        SageMakerTransformJob,
        evaluateModel({
          ledger,
          store,
          readGateRows: gateRowsReader(store, engine(1024)),
          sageMaker,
          tell: tell(),
          stage: stage(),
        }),
      ),
    ),

  'gate-model': ({ ledger, sageMaker, tell, stage, storeUri, region }) => {
    const telling = tell();
    return wokenByEvent(
      on(
        ModelEvaluatedV1,
        gateModel({ ledger, sageMaker, tell: telling, stage: stage(), storeUri, image: xgboostImage(region) }),
      ),
      on(ApprovalGivenV1, giveApproval({ ledger, sageMaker, tell: telling })),
    );
  },

  'deploy-model': ({ ledger, sageMaker, tell, stage, storeUri, queue, hours }) => {
    const deploy = deployModel({
      ledger,
      sageMaker,
      tell: tell(),
      stage: stage(),
      storeUri,
      patienceMs: hours('PATIENCE_HOURS'),
    });
    return wokenByQueue(
      queue('QUEUE_URL'),
      onAws(SageMakerModelPackage, (woken) => deploy({ ...woken, data: { packageArn: woken.data.arn } })),
      on(DeploymentRequestedV1, deploy),
    );
  },

  'track-endpoint': ({ ledger, store, sageMaker, tell, stage }) =>
    wokenByEvent(
      onAws(
        SageMakerEndpoint,
        trackEndpoint({
          ledger,
          sageMaker,
          tell: tell(),
          stage: stage(),
          probe: inTurn(
            goldenProbe(ledger, store, sageMaker),
            latencyProbe(ledger, store, sageMaker, () => performance.now()),
          ),
        }),
      ),
    ),

  predict: ({ ledger, sageMaker }) => urlHandler(predict({ ledger, sageMaker })),

  notify: ({ ledger, topic }) => {
    const send = notify({ ledger, send: topic() });
    return wokenByEvent(
      on(DatasetRejectedV1, send(notices.datasetRejected)),
      on(DatasetDeferredV1, send(notices.datasetDeferred)),
      on(DatasetRepeatedV1, send(notices.datasetRepeated)),
      on(RunDeclinedV1, send(notices.runDeclined)),
      on(RunEndedV1, send(notices.runEnded)),
      on(CandidateRejectedV1, send(notices.candidateRejected)),
      on(CandidateHeldV1, send(notices.candidateHeld)),
      on(ModelDeployedV1, send(notices.modelDeployed)),
      on(DeploymentRolledBackV1, send(notices.deploymentRolledBack)),
    );
  },

  reconcile: ({ ledger, data, setting, sageMaker, tell, hours, queue, invoke, stage }) => {
    const sendToDeploy = queue('DEPLOY_QUEUE_URL');
    return wokenBySchedule(
      reconcile({
        ledger,
        data: data(),
        dataBucket: setting('DATA_BUCKET'),
        sageMaker,
        tell: tell(),
        stuckMs: hours('STUCK_HOURS'),
        patienceMs: hours('PATIENCE_HOURS'),
        wake: (step, event) =>
          step === 'deploy-model' ? sendToDeploy(JSON.stringify(event)) : invoke(`millrace-${stage()}-${step}`, event),
      }),
    );
  },
};

/** The steps of a stage as functions of a cloud's own process. */
export const stepsOf =
  (stage: string): InProcessFunctions =>
  (functionName) => {
    const wire = STEPS[functionName.replace(`millrace-${stage}-`, '')];
    if (!wire) return undefined;
    return (context): InProcessHandler => {
      const handler = wire(adaptersOf(context));
      // Each handler parses what it is given; what Lambda calls it with has no type.
      return (event, invocation) => handler(event as never, invocation as never);
    };
  };
