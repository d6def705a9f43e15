/** The guards of the loop, each with what the code is without it and the test that then has to turn red. */

export interface Mutation {
  /** What the code is without. */
  readonly without: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly test: string;
  /** The test's whole name, as vitest's filter takes it: `block > title`. */
  readonly title: string;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    without: 'If-None-Match on the first write of a fact, on S3',
    file: 'shared/aws/s3-object-store.ts',
    find: "...(condition === 'absent' && { IfNoneMatch: '*' }),",
    replace: '',
    test: 'tests/contract/object-store.test.ts',
    title: 'an object store on S3 > lets one of many writers of an absent key win',
  },
  {
    without: 'If-Match on the move of a pointer, on S3',
    file: 'shared/aws/s3-object-store.ts',
    find: "...(typeof condition === 'object' && { IfMatch: condition.etag }),",
    replace: '',
    test: 'tests/contract/object-store.test.ts',
    title: 'an object store on S3 > replaces an object only while it is the one that was seen',
  },
  {
    without: 'the condition of a write, in memory',
    file: 'shared/ledger/memory-object-store.ts',
    find: "if (condition === 'absent' && found) return 'conflict';",
    replace: '',
    test: 'tests/unit/ledger/ledger.test.ts',
    title: 'a fact > stands against later writers',
  },
  {
    without: 'asking that a fact be absent before it is written',
    file: 'shared/ledger/ledger.ts',
    find: "await store.put(key, body, 'absent')",
    replace: 'await store.put(key, body)',
    test: 'tests/unit/ledger/ledger.test.ts',
    title: 'a fact > is written once: every writer goes on with what the first one wrote',
  },
  {
    without: 'the check of FailedEntryCount',
    file: 'shared/aws/event-publisher.ts',
    find: 'if (FailedEntryCount > 0) {',
    replace: 'if (FailedEntryCount < 0) {',
    test: 'tests/conformance/event-publisher.test.ts',
    title:
      'the publisher, when EventBridge does not take an event > fails on an answer of 200 with a failed entry, which the SDK takes for success',
  },
  {
    without: 'an event id that comes from what the event is about',
    file: 'shared/aws/event-publisher.ts',
    find: "createHash('sha256').update(",
    replace: "createHash('sha256').update(now.toISOString()).update(",
    test: 'tests/conformance/event-publisher.test.ts',
    title:
      'the publisher, on the local cloud > gives the same event the same id when it is told again, and another another',
  },
  {
    without: 'doubt of InService: the served configuration is not compared with the one asked for',
    file: 'functions/track-endpoint/track-endpoint.ts',
    find: 'if (served !== deployment.endpointConfigName) {',
    replace: 'if (served === undefined) {',
    test: 'tests/unit/steps/track-endpoint.test.ts',
    title:
      'a rollout that does not hold > is not believed for `InService`: what is served is compared with what was asked for',
  },
  {
    without: 'waiting until the rollout was sent before its endpoint is believed',
    file: 'functions/track-endpoint/track-endpoint.ts',
    find: "if (!takesConfig(endpoint, deployment.endpointConfigName)) return { outcome: 'not_sent' };",
    replace: '',
    test: 'tests/unit/steps/track-endpoint.test.ts',
    title:
      'the same event about an endpoint > says nothing of a rollout that was not sent yet, however well the endpoint is',
  },
  {
    without: 'a look at the slot: whether a run is in flight',
    file: 'functions/plan-run/plan-run.ts',
    find: 'if (slot?.flight) {',
    replace: 'if (slot === null) {',
    test: 'tests/unit/steps/plan-run.test.ts',
    title:
      'planning a run > starts no second run while one is in flight, and takes the data that came meanwhile afterwards',
  },
  {
    without: 'compare-and-swap of the slot',
    file: 'functions/plan-run/plan-run.ts',
    find: 'current?.flight || JSON.stringify(current) !== JSON.stringify(seen)',
    replace: 'current === null',
    test: 'tests/unit/steps/plan-run.test.ts',
    title: 'planning a run > lets one of two triggers at once have the slot',
  },
  {
    without: 'a mark on the data a run has taken',
    file: 'functions/plan-run/plan-run.ts',
    find: 'for (const dataset of plan.fresh) {',
    replace: 'for (const dataset of []) {',
    test: 'tests/unit/steps/plan-run.test.ts',
    title: 'planning a run > marks what it took, so that the end of the run starts no other with the same data',
  },
  {
    without: 'a record of the answer to a request',
    file: 'functions/plan-run/plan-run.ts',
    find: "if (answered) return decline(answered.reasons, 'declined');",
    replace: '',
    test: 'tests/unit/steps/plan-run.test.ts',
    title: 'a request for a run > that was declined starts no run when it comes again after the cooldown',
  },
  {
    without: 'a record of the request before it is sent',
    file: 'shared/sagemaker/create-once.ts',
    find: 'await ledger.record(recordedRequestSchema, call.requestKey, {',
    replace:
      'await ((_schema: unknown, _key: string, fact: { request: SageMakerRequest }) => fact)(recordedRequestSchema, call.requestKey, {',
    test: 'tests/unit/steps/launch-training.test.ts',
    title: 'launching a training job > records the request before it is sent, and a repeat sends the recorded one',
  },
  {
    without: 'comparing what exists under the name with what was asked for',
    file: 'shared/sagemaker/create-once.ts',
    find: 'if (!agrees(request, found)) {',
    replace: 'if (found === null) {',
    test: 'tests/unit/sagemaker/create-once.test.ts',
    title: 'creating once > refuses a name that is taken by something else, and keeps the cause',
  },
  {
    without: 'looking for the registered version before another is made',
    file: 'functions/gate-model/register-candidate.ts',
    find: '(await registeredVersion(sageMaker, group, packageDescription(model, run))) ??',
    replace: '',
    test: 'tests/unit/steps/gate-model.test.ts',
    title: 'the gate > finds the version again that it registered before a crash',
  },
  {
    without: 'the mark that a rollout was sent',
    file: 'functions/deploy-model/deploy-model.ts',
    find: 'if (!same?.started) await rollOut(decided, now);',
    replace: 'await rollOut(decided, now);',
    test: 'tests/unit/steps/deploy-model.test.ts',
    title:
      'deploying an approved candidate > does not send the update again when the endpoint has come back on its old configuration',
  },
  {
    without: 'asking whether the champion is still the one the candidate was judged against',
    file: 'shared/evaluation/approval.ts',
    find: 'if (championNow !== judgedAgainst) {',
    replace: 'if (judgedAgainst === championNow && judgedAgainst !== championNow) {',
    test: 'tests/unit/steps/deploy-model.test.ts',
    title:
      'a candidate judged against another champion > is not deployed: it is held, the run ends, and the reason is told',
  },
  {
    without: 'partial batch failures',
    file: 'shared/runtime/queue-handler.ts',
    find: 'failed.push({ itemIdentifier: record.messageId });',
    replace: '',
    test: 'tests/unit/runtime/queue-handler.test.ts',
    title: 'a step that a queue wakes > reports the messages that failed one by one, and handles the others',
  },
  {
    without: 'memory of since when a message has waited',
    file: 'shared/runtime/queue-handler.ts',
    find: '(since ?? sentAt)',
    replace: 'sentAt',
    test: 'tests/unit/runtime/queue-handler.test.ts',
    title: 'a step that a queue wakes > that waits on keeps the time it began, and is told of it',
  },
  {
    without: 'refusing bad records',
    file: 'functions/predict/predict.ts',
    find: 'if (errors.length > 0)',
    replace: 'if (errors.length < 0)',
    test: 'tests/unit/steps/predict.test.ts',
    title: 'a request that cannot be answered > for bad records names each record, field and reason',
  },
  {
    without: 'a record of the notices that were sent',
    file: 'functions/notify/notify.ts',
    find: 'if (await ledger.find(noticeSchema, keys.notice(eventId)))',
    replace: 'if (eventId === undefined)',
    test: 'tests/unit/steps/notify.test.ts',
    title: 'a notice > is not sent again when the event comes again, at once or days later, and another event’s is',
  },
  {
    without: 'doubt of an endpoint that is in service and refuses the golden rows',
    file: 'functions/track-endpoint/probe.ts',
    find: 'return { ok: false, reason: `the endpoint does not answer',
    replace: 'return { ok: true, reason: `the endpoint does not answer',
    test: 'tests/unit/steps/track-endpoint.test.ts',
    title:
      'an endpoint that is asked with the golden rows > and refuses them is rolled back, and the old configuration put back',
  },
  {
    without: 'an end of runs that nothing comes of',
    file: 'functions/reconcile/next-move.ts',
    find: "if (run.quietMs >= stuckMs && !run.waiting && !atSageMaker) return 'give_up';",
    replace: '',
    test: 'tests/unit/steps/reconcile.test.ts',
    title: 'a run that nothing comes of > ends as failed, says for how long, and frees the slot',
  },
  {
    without: 'taking the end of a long job for news',
    file: 'functions/reconcile/open-run.ts',
    find: 'trainingJob?.endedAt,',
    replace: '',
    test: 'tests/unit/steps/reconcile.test.ts',
    title:
      'a run that nothing comes of > is not one whose training ran for longer than that, and whose end nobody has heard of yet',
  },
  {
    without: 'a look at the mark that a step waits',
    file: 'functions/reconcile/open-run.ts',
    find: 'waiting: waits(await waiting(), patienceMs, now),',
    replace: 'waiting: false,',
    test: 'tests/unit/steps/reconcile.test.ts',
    title: 'a step that waits for capacity > is not told again while its message comes back by itself',
  },
  {
    without: 'a mark that launch-training waits',
    file: 'functions/launch-training/launch-training.ts',
    find: "await ledger.record(waitingSchema, keys.waiting(model, run, 'launch-training'), {",
    replace: "void (waitingSchema, keys.waiting(model, run, 'launch-training'), {",
    test: 'tests/unit/steps/launch-training.test.ts',
    title:
      'a training job without capacity > says in the ledger that it waits, what for, and since when: the first time stands',
  },
  {
    without: 'refusing a version of a run that the ledger does not have',
    file: 'functions/deploy-model/deploy-model.ts',
    find: "if ('packageArn' in data && data.packageArn !== registered.modelPackageArn) return { outcome: 'not_registered' };",
    replace: '',
    test: 'tests/unit/steps/deploy-model.test.ts',
    title:
      'an approval of a second version of the same run > is not deployed: only the version of the ledger was decided on',
  },
  {
    without: 'a record of giving up before anything follows from it',
    file: 'functions/deploy-model/deploy-model.ts',
    find: 'const givenUp = verdict?.reason ?? (',
    replace: 'const givenUp = (',
    test: 'tests/unit/steps/deploy-model.test.ts',
    title:
      'a rollout that waits > goes on giving up after a crash, in the same words, though SageMaker would take it by then',
  },
  {
    without: 'knowing its own update again whose answer was lost',
    file: 'functions/deploy-model/deploy-model.ts',
    find: 'if (takesConfig(meanwhile, deployment.endpointConfigName)) return;',
    replace: '',
    test: 'tests/unit/steps/deploy-model.test.ts',
    title:
      'an endpoint that is not as the rollout expects it > is on its way where the answer to the update was lost and the SDK sent it again',
  },
  {
    without: 'telling again that training began, when the run is over by the time its launch is tried again',
    file: 'functions/launch-training/launch-training.ts',
    find: "if (await sageMaker.describe('trainingJob', jobName)) await tellStarted(jobName);",
    replace: '',
    test: 'tests/chaos/crash-telling.test.ts',
    title: 'a launch that is killed after its request > tells that training began, though the run is over by then',
  },
  {
    without: 'scoring the champion anew: a stored figure of it is believed',
    file: 'functions/evaluate-model/evaluate-model.ts',
    find: 'await ledger.record(evaluationSchema, keys.evaluation(model, run), evaluation);',
    replace:
      "const stored = plan.champion && (await ledger.find(evaluationSchema, keys.evaluation(model, plan.champion.run)));\nawait ledger.record(evaluationSchema, keys.evaluation(model, run), stored?.candidate.outcome === 'scored' ? { ...evaluation, champion: stored.candidate } : evaluation);",
    test: 'tests/unit/steps/champion-scored-anew.test.ts',
    title: "the champion's figures > are those of the same rows now, whatever is stored of it",
  },
  {
    without: 'doubt of a figure that is null: it is taken for a pass',
    file: 'shared/evaluation/decision-figures.ts',
    find: 'const value = candidate.figures[name] ?? null;',
    replace: 'const value = candidate.figures[name] ?? limit;',
    test: 'tests/unit/evaluation/decision.test.ts',
    title: 'the decision > rejects an undefined figure, which is no pass',
  },
  {
    without: 'the interval: the bare difference is taken for sure',
    file: 'shared/evaluation/decision-comparison.ts',
    find: 'const { gain, lower, clusters } = comparison;',
    replace: 'const { gain, gain: lower, clusters } = comparison;',
    test: 'tests/unit/evaluation/decision-comparison.test.ts',
    title: 'the decision against the champion > believes the interval and never the figures alone',
  },
  {
    without: 'a word about slices that nobody judged',
    file: 'shared/evaluation/decision-groups.ts',
    find: 'if (slices.length === 0) {',
    replace: 'if (slices.length < 0) {',
    test: 'tests/unit/evaluation/decision-groups.test.ts',
    title: 'the decision by slices > skips no slice in silence: none judged holds',
  },
  {
    without: 'the slices that are too small to test among the evidence',
    file: 'shared/evaluation/slice-evidence.ts',
    find: 'slices.push(sliceOf(policy, value, rows, input));',
    replace: 'if (rows.length >= policy.minRows) slices.push(sliceOf(policy, value, rows, input));',
    test: 'tests/unit/evaluation/evaluate-gate.test.ts',
    title: 'slices > with too few rows are listed and not tested, and rows without a value are a slice of their own',
  },
  {
    without: 'clusters: every row is taken for itself',
    file: 'shared/evaluation/evaluate-gate.ts',
    find: 'clusters: rows.cluster?.clusters ?? null,',
    replace: 'clusters: null,',
    test: 'tests/unit/evaluation/evaluate-gate.test.ts',
    title: 'the comparison with the champion > takes rows of one day together, and says what they are worth',
  },
  {
    without: 'doubt of a test that did not know which rows move together',
    file: 'shared/evaluation/decision-comparison.ts',
    find: 'if (evaluation.cluster !== null && clusters === null) {',
    replace: 'if (evaluation.cluster === undefined) {',
    test: 'tests/unit/evaluation/decision-comparison.test.ts',
    title: 'the decision against the champion > holds where rows move together and the test did not know it',
  },
  {
    without: 'the anchor',
    file: 'shared/evaluation/decision.ts',
    find: 'checkAnchor(evaluation, candidate, policy),',
    replace: '',
    test: 'tests/unit/evaluation/decision-comparison.test.ts',
    title:
      'the decision against the best champion of the past > rejects what is no worse than the champion and has crept too far',
  },
  {
    without: 'a look at the hour an approval expires, when it is deployed on',
    file: 'shared/evaluation/approval.ts',
    find: 'if (expiresAt !== null && !(now.getTime() < Date.parse(expiresAt))) {',
    replace: 'if (expiresAt === undefined) {',
    test: 'tests/unit/steps/deploy-model.test.ts',
    title:
      'an approval that counts for nothing any more > deploys nothing where it has expired while the rollout waited, and says why, and so it stays',
  },
  {
    without: 'a look at the hour an approval expires, when it comes',
    file: 'functions/gate-model/give-approval.ts',
    find: 'if (data.expiresAt !== undefined && !(now.getTime() < Date.parse(data.expiresAt))) {',
    replace: 'if (data.expiresAt === null) {',
    test: 'tests/unit/steps/gate-model.test.ts',
    title:
      'the answer about a held candidate > counts for nothing once it has expired, which is told, and a later one does',
  },
];
