/** Measures the drift of a window in a process of its own: its memory is what a function would need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { windowMeasurer } from '../functions/detect-drift/measure-window.ts';
import { watchedChampion } from '../functions/detect-drift/serving.ts';
import { runInputSchema } from '../shared/data/run-input.ts';
import { modelDefinitionSchema } from '../shared/definition/schema.ts';
import { keys } from '../shared/ledger/keys.ts';
import { ledgerOn } from '../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../shared/ledger/memory-object-store.ts';
import { baselineSchema } from '../shared/monitoring/baseline.ts';
import { CHAMPION, folderStore, INPUT, WINDOW } from './capture-window.ts';

const [folder = ''] = process.argv.slice(2);
const ledger = ledgerOn(memoryObjectStore());
const { model, run } = CHAMPION;
const { features, predictions } = JSON.parse(readFileSync(join(folder, 'baselines.json'), 'utf8'));
await ledger.record(runInputSchema, keys.runInput(model, run), INPUT);
await ledger.record(baselineSchema, keys.baseline(model, run), features);
await ledger.record(baselineSchema, keys.predictionBaseline(model, run), predictions);
const definition = modelDefinitionSchema.parse({ problem: 'binary', data: { label: 'late' } });

const started = performance.now();
const cpuBefore = process.cpuUsage();
const watched = watchedChampion({ ledger, store: folderStore(folder) }, CHAMPION, definition);
const measured = await windowMeasurer(ledger)(watched, WINDOW, false);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
process.send?.({
  seconds,
  cpuSeconds: (user + system) / 1e6,
  peakMiB: process.resourceUsage().maxRSS / 1024,
  outcome: measured.outcome,
  score: measured.score,
  drifted: measured.drifted,
  counts: measured.counts,
});
