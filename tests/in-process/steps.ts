/** Millrace's steps wired as their handlers wire them, on clients that cross no HTTP. */
import './settings.ts';

import { deployModelRoutes } from '../../functions/deploy-model/routes.ts';
import { detectDriftRoutes } from '../../functions/detect-drift/routes.ts';
import { evaluateModelRoutes } from '../../functions/evaluate-model/routes.ts';
import { gateModelRoutes } from '../../functions/gate-model/routes.ts';
import { launchTrainingRoutes } from '../../functions/launch-training/routes.ts';
import { measureQualityRoutes } from '../../functions/measure-quality/routes.ts';
import { notifyRoutes } from '../../functions/notify/routes.ts';
import { planRunRoutes } from '../../functions/plan-run/routes.ts';
import { capturer } from '../../functions/predict/capture.ts';
import { keyIndexer } from '../../functions/predict/key-index.ts';
import { predict } from '../../functions/predict/predict.ts';
import { prepareDataRoutes } from '../../functions/prepare-data/routes.ts';
import { readPartRoutes } from '../../functions/read-part/routes.ts';
import { reconcile } from '../../functions/reconcile/reconcile.ts';
import { wakeStep } from '../../functions/reconcile/wake-step.ts';
import { retrainModelRoutes } from '../../functions/retrain-model/routes.ts';
import { trackEndpointRoutes } from '../../functions/track-endpoint/routes.ts';
import { trackTrainingRoutes } from '../../functions/track-training/routes.ts';
import { validateDataRoutes } from '../../functions/validate-data/routes.ts';
import type { InProcessContext, InProcessFunctions, InProcessHandler } from '../../local/in-process/environment.ts';
import { alarmsApi } from '../../shared/aws/alarms.ts';
import { dashboardsApi } from '../../shared/aws/dashboards.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { functionInvoker } from '../../shared/aws/function-invoker.ts';
import { metricReader } from '../../shared/aws/metric-reader.ts';
import { metricsPublisher } from '../../shared/aws/metrics-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { stepQueue } from '../../shared/aws/step-queue.ts';
import { topic } from '../../shared/aws/topic.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { readLimitsOf } from '../../shared/data/read-limits.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { METRIC_NAMESPACE } from '../../shared/monitoring/watch-alarms.ts';
import { urlHandler } from '../../shared/runtime/url-handler.ts';
import { clientsOn } from './clients.ts';
import { keptReading } from './kept-reading.ts';
import { keepSplits } from './kept-splits.ts';
import { keptFactText, keptJudging, keptRunReport } from './kept-work.ts';
import { rememberedReport } from './remembered-report.ts';
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
    bucketNamed: (name: string) => s3ObjectStore(name, clients.s3),
    ledger: ledgerOn(store, keptFactText),
    // Made for the steps that ask for them.
    sageMaker: () => sageMakerApi(clients.sageMaker, clients.runtime),
    alarms: () => alarmsApi(clients.cloudWatch),
    dashboards: () => dashboardsApi(clients.cloudWatch),
    readMetric: () => metricReader(clients.cloudWatch),
    metrics: () => metricsPublisher(METRIC_NAMESPACE, clients.cloudWatch),
    tell: () => eventPublisher(setting('BUS_NAME'), clients.events),
    queue: (name: string) => queue(setting(name), clients.sqs),
    topic: () => topic(setting('TOPIC_ARN'), clients.sns),
    invoke: () => functionInvoker(clients.lambda),
    stage: () => setting('STAGE'),
    storeUri: `s3://${setting('STORE_BUCKET')}`,
    hours: (name: string) => Number(setting(name)) * 3_600_000,
    engine:
      (memoryLimitMb: number) =>
      (tempDirectory: string): Promise<Engine> =>
        openRememberingEngine({ memoryLimitMb, tempDirectory }),
  };
};

/** A report that cannot be drawn is a mistake of ours. */
const rethrow = (error: unknown): never => {
  throw error;
};

type Adapters = ReturnType<typeof adaptersOf>;
type Handler = (event: never, context: never) => Promise<unknown>;

/** One function for each step: its own routes, woken as its `handler.ts` has it. */
const STEPS: Readonly<Record<string, (adapters: Adapters) => Handler>> = {
  'validate-data': ({ ledger, store, data, tell, engine, setting, queue }) =>
    wokenByEvent(
      validateDataRoutes({
        ledger,
        store,
        data: data(),
        tell: tell(),
        openEngine: engine(Number(setting('ENGINE_MEMORY_MB'))),
        limits: readLimitsOf(setting),
        reserveMs: Number(setting('RESERVE_SECONDS')) * 1000,
        drawReport: rememberedReport,
        dataWork: keptReading,
        reportFailed: rethrow,
        askForPart: stepQueue(queue('PART_QUEUE_URL')),
      }),
    ),

  'read-part': ({ ledger, store, data, tell, engine, setting, queue }) =>
    wokenByQueue(
      queue('QUEUE_URL'),
      readPartRoutes({
        ledger,
        store,
        data: data(),
        tell: tell(),
        openEngine: engine(Number(setting('ENGINE_MEMORY_MB'))),
        limits: { maxBytes: Number(setting('MAX_DATASET_BYTES')), maxColumns: Number(setting('MAX_COLUMNS')) },
        reserveMs: Number(setting('RESERVE_SECONDS')) * 1000,
      }),
    ),

  'plan-run': ({ ledger, tell, stage, queue }) =>
    wokenByQueue(queue('QUEUE_URL'), planRunRoutes({ ledger, tell: tell(), stage: stage() })),

  'prepare-data': ({ ledger, store, tell, engine, setting }) =>
    wokenByEvent(
      prepareDataRoutes({
        ledger,
        store,
        tell: tell(),
        openEngine: engine(Number(setting('ENGINE_MEMORY_MB'))),
        maxRunBytes: Number(setting('MAX_RUN_BYTES')),
        keepSplits,
      }),
    ),

  'launch-training': ({ ledger, sageMaker, tell, stage, region, storeUri, setting, queue, hours }) =>
    wokenByQueue(
      queue('QUEUE_URL'),
      launchTrainingRoutes({
        ledger,
        sageMaker: sageMaker(),
        tell: tell(),
        stage: stage(),
        region,
        storeUri,
        roleArn: setting('SAGEMAKER_ROLE_ARN'),
        patienceMs: hours('PATIENCE_HOURS'),
      }),
    ),

  'track-training': ({ ledger, sageMaker, tell, stage, region, storeUri, setting }) =>
    wokenByEvent(
      trackTrainingRoutes({
        ledger,
        sageMaker: sageMaker(),
        tell: tell(),
        stage: stage(),
        region,
        storeUri,
        roleArn: setting('SAGEMAKER_ROLE_ARN'),
      }),
    ),

  'evaluate-model': ({ ledger, store, sageMaker, tell, stage, engine }) =>
    wokenByEvent(
      evaluateModelRoutes({
        ledger,
        store,
        openEngine: engine(1024),
        sageMaker: sageMaker(),
        tell: tell(),
        stage: stage(),
        ...keptJudging,
      }),
    ),

  'gate-model': ({ ledger, sageMaker, tell, stage, storeUri, region }) =>
    wokenByEvent(
      gateModelRoutes({
        ledger,
        sageMaker: sageMaker(),
        tell: tell(),
        stage: stage(),
        storeUri,
        region,
        drawReport: keptRunReport,
      }),
    ),

  'deploy-model': ({ ledger, sageMaker, alarms, dashboards, readMetric, tell, stage, storeUri, queue, hours }) =>
    wokenByQueue(
      queue('QUEUE_URL'),
      deployModelRoutes({
        ledger,
        sageMaker: sageMaker(),
        alarms: alarms(),
        dashboards: dashboards(),
        readMetric: readMetric(),
        tell: tell(),
        stage: stage(),
        storeUri,
        patienceMs: hours('PATIENCE_HOURS'),
      }),
    ),

  'track-endpoint': ({ ledger, store, sageMaker, alarms, dashboards, region, metrics, tell, stage, setting }) =>
    wokenByEvent(
      trackEndpointRoutes({
        ledger,
        store,
        sageMaker: sageMaker(),
        tell: tell(),
        stage: stage(),
        alarms: alarms(),
        dashboards: dashboards(),
        region,
        publish: metrics(),
        pageArns: [setting('TOPIC_ARN')],
        elapsed: () => performance.now(),
      }),
    ),

  'detect-drift': ({ ledger, store, bucketNamed, metrics, tell, stage, queue }) =>
    wokenByQueue(
      queue('QUEUE_URL'),
      detectDriftRoutes({ ledger, store, bucket: bucketNamed, publish: metrics(), tell: tell(), stage: stage() }),
    ),

  'measure-quality': ({ ledger, store, bucketNamed, data, metrics, tell, stage, queue, setting }) => {
    const send = queue('QUEUE_URL');
    return wokenByQueue(
      send,
      measureQualityRoutes({
        ledger,
        store,
        bucket: bucketNamed,
        data: data(),
        publish: metrics(),
        tell: tell(),
        ask: stepQueue((body) => send(body, Number(setting('GATHER_SECONDS')))),
        stage: stage(),
        maxLabelBytes: Number(setting('MAX_LABEL_BYTES')),
      }),
    );
  },

  'retrain-model': ({ ledger, alarms, tell, stage }) =>
    wokenByEvent(retrainModelRoutes({ ledger, alarms: alarms(), tell: tell(), stage: stage() })),

  predict: ({ ledger, store, sageMaker }) =>
    urlHandler(predict({ ledger, sageMaker: sageMaker(), capture: capturer(store), index: keyIndexer(store) })),

  notify: ({ ledger, topic }) => wokenByEvent(notifyRoutes({ ledger, send: topic() })),

  reconcile: ({ ledger, data, setting, sageMaker, alarms, metrics, tell, hours, queue, invoke, stage }) =>
    wokenBySchedule(
      reconcile({
        ledger,
        data: data(),
        dataBucket: setting('DATA_BUCKET'),
        sageMaker: sageMaker(),
        tell: tell(),
        alarms: alarms(),
        publish: metrics(),
        stage: stage(),
        pageArns: [setting('TOPIC_ARN')],
        readLimits: readLimitsOf(setting),
        stuckMs: hours('STUCK_HOURS'),
        patienceMs: hours('PATIENCE_HOURS'),
        wake: wakeStep({
          stage: stage(),
          sendToDeploy: queue('DEPLOY_QUEUE_URL'),
          sendToQuality: queue('QUALITY_QUEUE_URL'),
          invoke: invoke(),
        }),
      }),
    ),
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
