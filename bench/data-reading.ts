/** Reads one file in a process of its own, as the function does: scan, types, profile, rules, typed copy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openEngine } from '../shared/data/engine.ts';
import { datasetJudge } from '../shared/data/judge-dataset.ts';
import { readDataset } from '../shared/data/read-dataset.ts';
import { publish } from '../shared/definition/publish.ts';
import { definition } from './data-files.ts';

const ENGINE_MEMORY_MB = 300;

const [path = '', threads = '1'] = process.argv.slice(2);
const published = publish('bench', definition());
const directory = await mkdtemp(join(dirname(path), 'read-'));

const started = performance.now();
const before = process.cpuUsage();
const engine = await openEngine({
  memoryLimitMb: ENGINE_MEMORY_MB,
  tempDirectory: directory,
  threads: Number(threads),
});
const judging = datasetJudge({ published, before: null, history: [], now: new Date('2001-08-01T00:00:00Z') });
const read = await readDataset(engine, [{ name: 'flights', path }], {
  directory,
  expected: judging.expected,
  visit: [judging.visit],
});
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const { problems, checks } = await judging.judge(engine, read);
const judgedSeconds = (performance.now() - started) / 1000;
process.send?.({
  seconds,
  judgedSeconds,
  cpuSeconds: (user + system) / 1e6,
  peakMiB: process.resourceUsage().maxRSS / 1024,
  rows: read.rows ?? 0,
  failed: [
    ...problems.map(({ code }) => code),
    ...checks.flatMap(({ rule, result }) => (result === 'pass' ? [] : [rule])),
  ],
});
engine.close();
await rm(directory, { recursive: true });
