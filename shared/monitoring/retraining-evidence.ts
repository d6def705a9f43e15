/** What monitoring found of a model in service, as far as it bears on retraining: read from the ledger's facts. */
import * as z from 'zod';

import type { Champion } from '../ledger/facts.ts';
import { keys } from '../ledger/keys.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { DriftSeen, QualitySeen } from './retraining-decision.ts';

const window = z.object({ start: z.iso.datetime(), end: z.iso.datetime() });

/** What of a window's `drift.json` is read here; whoever wrote it holds it to more. */
const driftSeenSchema = z.object({
  run: z.string(),
  window,
  outcome: z.enum(['measured', 'insufficient_data', 'no_traffic', 'error']),
  score: z.number().nullable(),
  drifted: z.array(z.string()),
});

/** What of a window's `quality-<as of>.json` is read here. */
const qualitySeenSchema = z.object({
  run: z.string(),
  window,
  outcome: z.enum(['measured', 'immature', 'error']),
  metric: z.string(),
  value: z.number().nullable(),
  drop: z.object({ value: z.number(), low: z.number() }).nullable(),
  margin: z.number(),
  degraded: z.boolean(),
});

const DAY_MS = 86_400_000;

/** Where to look for what windows showed. */
export interface Looking {
  readonly model: string;
  readonly champion: Pick<Champion, 'run' | 'since'>;
  readonly now: Date;
  readonly windowMs: number;
  /** How long labels are waited for. */
  readonly labelDelayMs: number;
  /** How many windows count. */
  readonly windows: number;
}

export interface MonitoringSeen {
  /** Windows that were measured, the newest first. */
  readonly drift: readonly DriftSeen[];
  readonly quality: readonly QualitySeen[];
  /** The end of the newest window, where more of it was bad than good; else null. */
  readonly unreadable: string | null;
}

/** The first six digits of the windows' names, from one moment to another: names begin with the window's day. */
const monthsBetween = (fromMs: number, toMs: number): string[] => {
  const months: string[] = [];
  const at = new Date(fromMs);
  at.setUTCDate(1);
  at.setUTCHours(0, 0, 0, 0);
  for (; at.getTime() <= toMs; at.setUTCMonth(at.getUTCMonth() + 1))
    months.push(at.toISOString().slice(0, 7).replace('-', ''));
  return months;
};

/** Windows without traffic, or without their labels yet, lie before those that tell something: so many are looked at. */
const LOOKED_AT = 20;

interface Seen {
  readonly run: string;
  readonly window: { readonly end: string };
  readonly outcome: string;
}

/**
 * What the newest windows of the model in service showed. A window that another model answered, or that ended before
 * this one came (back) into service, says nothing of it; one that was not measured changes nothing, as for the alarms.
 */
export async function monitoringSeen(ledger: Ledger, looking: Looking): Promise<MonitoringSeen> {
  const { model, champion, now, windowMs, labelDelayMs, windows } = looking;
  const from = now.getTime() - (windows + 1) * windowMs - labelDelayMs - 31 * DAY_MS;
  const listed: string[] = [];
  for (const month of monthsBetween(Math.max(from, Date.parse(champion.since) - windowMs), now.getTime()))
    listed.push(...(await ledger.keys(`${keys.monitoring(model)}${month}`)));

  /** One after another, for the first few mostly do. */
  const measured = async <T extends Seen>(schema: z.ZodType<T>, newestFirst: readonly string[]): Promise<T[]> => {
    const found: T[] = [];
    for (const key of newestFirst.slice(0, LOOKED_AT)) {
      const fact = await ledger.read(schema, key);
      if (fact.run !== champion.run || Date.parse(fact.window.end) <= Date.parse(champion.since)) continue;
      if (fact.outcome === 'measured') found.push(fact);
      if (found.length === windows) break;
    }
    return found;
  };

  const drifts = listed
    .filter((key) => key.endsWith('/drift.json'))
    .sort()
    .reverse();
  // Of each window what is known last.
  const latest = new Map<string, string>();
  for (const key of listed.filter((each) => /\/quality-[^/]+\.json$/.test(each)).sort())
    latest.set(key.slice(0, key.lastIndexOf('/')), key);
  const [newest] = drifts;
  const last = newest === undefined ? undefined : await ledger.read(driftSeenSchema, newest);
  const drift = await measured(driftSeenSchema, drifts);
  const quality = await measured(qualitySeenSchema, [...latest.values()].sort().reverse());
  return {
    drift: drift.map(({ window: { end }, ...seen }) => ({ end, ...seen })),
    quality: quality.map(({ window: { end }, ...seen }) => ({ end, ...seen })),
    unreadable: last?.run === champion.run && last.outcome === 'error' ? last.window.end : null,
  };
}
