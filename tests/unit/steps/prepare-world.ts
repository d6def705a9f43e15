/** The world of `prepare-data`: deliveries that were accepted, planned runs, and what was prepared of them. */
import { prepareData } from '../../../functions/prepare-data/prepare-data.ts';
import { validateData } from '../../../functions/validate-data/validate-data.ts';
import type { PublishedDefinition } from '../../../shared/definition/published.ts';
import { preparedSchema, type RunPlan, runPlanSchema, slotSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { DEFINITION, dataWorld, MODEL, NOW, woken } from './data-world.ts';

/** The run that is prepared. */
export const RUN = '20010201-0123456789';

/** The cut of a run over January's days. */
export const CUT = {
  from: '2001-01-02T00:00:00Z',
  validation: '2001-01-15T00:00:00Z',
  gate: '2001-01-18T00:00:00Z',
  embargoMs: 3_600_000,
};

/** A store with a published model, whose datasets are validated and whose runs are prepared by the steps themselves. */
export async function prepareWorld(yaml = DEFINITION, settings: { maxRunBytes?: number; maxPartBytes?: number } = {}) {
  const base = dataWorld();
  let published = await base.publish(yaml);
  const validate = validateData(base);
  const prepare = prepareData({ ...base, maxRunBytes: 1e9, ...settings });
  let uploads = 0;
  return {
    ...base,
    republish: async (next: string): Promise<PublishedDefinition> => {
      published = await base.publish(next);
      return published;
    },
    async deliver(csv: string): Promise<string> {
      uploads += 1;
      const { outcome, dataset } = await validate(woken(await base.upload(`incoming/${MODEL}/${uploads}.csv`, csv)));
      if (!['accepted', 'repeated'].includes(outcome) || dataset === undefined)
        throw new Error(`the data was ${outcome}`);
      return dataset;
    },
    async plan(datasets: string[], more: Partial<RunPlan> = {}): Promise<RunPlan> {
      const plan: RunPlan = {
        model: MODEL,
        run: RUN,
        stage: 'dev',
        plannedAt: NOW.toISOString(),
        trigger: { kind: 'new_data', eventId: 'e', overrode: [] },
        definitionDigest: published.digest,
        rulesDigest: published.rulesDigest,
        datasets,
        fresh: datasets,
        cut: CUT,
        champion: null,
        ...more,
      };
      await base.ledger.record(runPlanSchema, keys.plan(MODEL, plan.run), plan);
      await base.ledger.point(slotSchema, keys.slot(MODEL), () => ({
        model: MODEL,
        flight: plan,
        history: [{ run: plan.run, startedAt: plan.plannedAt, endedAt: null, end: null }],
      }));
      return plan;
    },
    prepare: (run = RUN, now = NOW) => prepare(woken({ model: MODEL, run }, now)),
    prepared: (run = RUN) => base.ledger.read(preparedSchema, keys.prepared(MODEL, run)),
    async text(key: string | undefined): Promise<string> {
      return Buffer.from((await base.store.get(key ?? ''))?.body ?? []).toString();
    },
    told: base.told,
    toldSince: () => base.told.filter(({ type }) => !type.startsWith('Dataset')),
  };
}
