import { RetrainingDeclinedV1, RetrainingRequestedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { acceptedData } from '../../shared/ledger/accepted-data.ts';
import {
  type Champion,
  championSchema,
  type Retraining,
  retrainingSchema,
  runPlanSchema,
  type Slot,
  slotSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { rejectionsInARow } from '../../shared/ledger/rejections.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import {
  decideRetraining,
  type RetrainingDecision,
  type RetrainingKind,
} from '../../shared/monitoring/retraining-decision.ts';
import { type MonitoringSeen, monitoringSeen } from '../../shared/monitoring/retraining-evidence.ts';
import { parseWatchAlarmName, watchAlarmName, windowsToAlarm } from '../../shared/monitoring/watch-alarms.ts';
import { howMany } from '../../shared/report/how-many.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { freshLabels } from './fresh-labels.ts';

export interface RetrainModelDeps {
  readonly ledger: Ledger;
  readonly alarms: Pick<AlarmsApi, 'describe'>;
  readonly tell: Tell;
  readonly stage: string;
}

/** Something that asks for a decision since a moment, and goes on asking. */
interface Trigger {
  readonly kind: RetrainingKind;
  /** Never before the model in service came (back) into service: what another was answered does not answer this one. */
  readonly since: Date;
  /** The alarm spoke of the model before. */
  readonly isInherited: boolean;
}

/** What a model in service is judged by. */
interface InService {
  readonly model: string;
  readonly published: PublishedDefinition;
  readonly champion: Champion;
  readonly slot: Slot | undefined;
  /** When the data of the model in service was chosen. */
  readonly trainedAt: Date;
  readonly seen: MonitoringSeen;
}

const MINUTE_MS = 60_000;

/** A cooldown of nothing would have every look decide anew. */
const SHORTEST_LOOK_MS = 60 * MINUTE_MS;

const codesOf = ({ proposal, reasons }: Pick<Retraining, 'proposal' | 'reasons'>): string =>
  [proposal, ...reasons.map(({ code }) => code)].join(' ');

/**
 * Proposes runs, on what monitoring found. An alarm's event is a reason to look, and says itself once only: what stays in
 * ALARM is looked at again each time the cooldown has passed, on a schedule, and so is age. Each look has one answer,
 * recorded before it is told and told again whenever it is found, so that no lost event is missed and no repeated one
 * means anything; a look that comes to what the one before came to tells nobody. `plan-run` disposes.
 */
export const retrainModel = ({ ledger, alarms, tell, stage }: RetrainModelDeps) => {
  const inService = async (model: string, now: Date): Promise<InService | undefined> => {
    const published = await readPublished(ledger, model);
    const champion = published && (await ledger.find(championSchema, keys.champion(model)));
    // What was taken out of service answers nobody.
    if (!champion || champion.retired) return undefined;
    const { definition } = published;
    // Where Millrace only watches there is nothing to train.
    if (definition.deployment.existing !== null) return undefined;
    const { plannedAt } = await ledger.read(runPlanSchema, keys.plan(model, champion.run));
    const { window: windowMs, quality } = definition.monitoring;
    const seen = await monitoringSeen(ledger, {
      model,
      champion,
      now,
      windowMs,
      labelDelayMs: quality?.label_delay ?? 0,
      windows: windowsToAlarm(windowMs).of,
    });
    const slot = await ledger.find(slotSchema, keys.slot(model));
    return { model, published, champion, slot, trainedAt: new Date(plannedAt), seen };
  };

  /** What asks for a decision now, the most trusted first. */
  const triggersOf = async (serving: InService, now: Date): Promise<Trigger[]> => {
    const { model, published, champion, trainedAt } = serving;
    const { on, max_age: maxAgeMs } = published.definition.retraining;
    const [drift, quality] = [watchAlarmName(stage, model, 'drift'), watchAlarmName(stage, model, 'quality')];
    const speaking = (await alarms.describe([drift, quality])).filter(({ state }) => state === 'ALARM');
    const alarmed = (name: string): Date | undefined => speaking.find((alarm) => alarm.name === name)?.since;
    const inServiceSince = new Date(champion.since);
    const agedAt = new Date(trainedAt.getTime() + maxAgeMs);
    const since = {
      quality: alarmed(quality),
      age: on.includes('age') && agedAt <= now ? agedAt : undefined,
      drift: alarmed(drift),
    };
    return (['quality', 'age', 'drift'] as const).flatMap((kind) => {
      const at = since[kind];
      if (at === undefined) return [];
      const isInherited = kind !== 'age' && at < inServiceSince;
      return [{ kind, since: isInherited ? inServiceSince : at, isInherited }];
    });
  };

  const decide = async (serving: InService, kind: RetrainingKind, now: Date): Promise<RetrainingDecision> => {
    const { model, published, slot, trainedAt, seen } = serving;
    const { retraining, monitoring, data } = published.definition;
    const accepted = await acceptedData(ledger, model, published.rulesDigest);
    const { newLabels, rejectedDataset } = freshLabels(accepted, data.label, trainedAt);
    const rejections = await rejectionsInARow(ledger, model, slot, published.digest);
    return decideRetraining({
      trigger: kind,
      on: retraining.on,
      ...seen,
      windowsNeeded: windowsToAlarm(monitoring.window).needed,
      ageMs: now.getTime() - trainedAt.getTime(),
      maxAgeMs: retraining.max_age,
      newLabels,
      minNewLabels: retraining.min_new_labels,
      rejectedDataset,
      rejections: rejections.inARow,
    });
  };

  const answer = async (serving: InService, trigger: Trigger, now: Date): Promise<Retraining | undefined> => {
    const { model, champion } = serving;
    const { kind } = trigger;
    const since = trigger.since.toISOString();
    const every = Math.max(serving.published.definition.retraining.cooldown, SHORTEST_LOOK_MS);
    const look = Math.max(0, Math.floor((now.getTime() - trigger.since.getTime()) / every));
    const key = keys.retraining(model, kind, since, look);
    const stands = await ledger.find(retrainingSchema, key);
    if (stands) return stands;
    const { proposal, reasons } = await decide(serving, kind, now);
    const decided = { proposal, reasons: reasons.map((reason) => ({ ...reason })) };
    // Windows of this model will say how it does.
    if (trigger.isInherited && reasons.some(({ code }) => code === 'not_confirmed')) return undefined;
    const before = (await ledger.keys(keys.retrainingLooks(model, kind, since))).filter((each) => each < key).at(-1);
    const last = before === undefined ? undefined : await ledger.read(retrainingSchema, before);
    return ledger.record(retrainingSchema, key, {
      model,
      run: champion.run,
      kind,
      since,
      look,
      ...decided,
      told: proposal === 'retrain' || last === undefined || codesOf(last) !== codesOf(decided),
      decidedAt: now.toISOString(),
    });
  };

  const say = async ({ model, kind, since, look, proposal, reasons, decidedAt }: Retraining): Promise<void> => {
    const about = `${model}/${kind}/${since}/${look}`;
    // The time of the decision, so that a repeat is the same event in every part, and the run it asks for the same run.
    const context = { now: new Date(decidedAt), correlationId: about };
    if (proposal === 'retrain') await tell(RetrainingRequestedV1, about, { model, reasons }, context);
    else await tell(RetrainingDeclinedV1, about, { model, trigger: kind, proposal, reasons }, context);
  };

  /** Answers what asks, until something is proposed: a run needs one reason, and there is one run at a time. */
  const consider = async (model: string, now: Date): Promise<string[]> => {
    const serving = await inService(model, now);
    if (!serving) return [];
    const said: string[] = [];
    for (const trigger of await triggersOf(serving, now)) {
      // What a run in flight comes to is not known yet; what still asks afterwards is looked at then.
      if (serving.slot?.flight) return [`${trigger.kind}: waits for run ${serving.slot.flight.run}`];
      const answered = await answer(serving, trigger, now);
      if (!answered) continue;
      if (answered.told) await say(answered);
      said.push(`${trigger.kind}: ${answered.proposal}`);
      if (answered.proposal === 'retrain') break;
    }
    return said;
  };

  return {
    /** An alarm spoke. */
    async hear({ data: { name }, now }: Pick<Woken<{ name: string }>, 'data' | 'now'>): Promise<Outcome> {
      const alarm = parseWatchAlarmName(stage, name);
      if (!alarm || alarm.watch === 'silence') return { outcome: 'ignored' };
      const said = await consider(alarm.model, now);
      return { outcome: said.length === 0 ? 'quiet' : 'answered', ...(said.length > 0 && { said }) };
    },
    /** The schedule fell due: every model is looked at. */
    async lookOver({ now }: Pick<Woken<unknown>, 'now'>): Promise<Outcome> {
      const models = (await ledger.keys('definitions/')).flatMap(
        (key) => /^definitions\/([^/]+)\.json$/.exec(key)?.[1] ?? [],
      );
      const said: string[] = [];
      const failures: unknown[] = [];
      // One model's trouble does not keep the others waiting.
      for (const model of models) {
        const found = await consider(model, now).catch((error: unknown) => {
          failures.push(error);
          return [];
        });
        said.push(...found.map((line) => `${model}: ${line}`));
      }
      if (failures.length > 0)
        throw new AggregateError(failures, `${howMany(failures.length, 'model')} could not be looked over`);
      return { outcome: said.length === 0 ? 'quiet' : 'answered', ...(said.length > 0 && { said }) };
    },
  };
};
