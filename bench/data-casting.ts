/** The engine alone, in a process of its own: `count(try_cast(column))` over all columns of a CSV, types told, nothing checked. */
import { dirname } from 'node:path';

import { literal, openEngine } from '../shared/data/engine.ts';
import { COLUMNS } from './data-files.ts';

const [path = '', threads = '1'] = process.argv.slice(2);
const columns = Object.keys(COLUMNS).map((name) => `'${name}': 'VARCHAR'`);
const counts = Object.entries(COLUMNS).map(([name, type]) => `count(try_cast("${name}" AS ${type}))`);

const started = performance.now();
const before = process.cpuUsage();
const engine = await openEngine({ memoryLimitMb: 1024, tempDirectory: dirname(path), threads: Number(threads) });
await engine.query(
  `SELECT ${counts.join(', ')} FROM read_csv(${literal(path)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {${columns.join(', ')}})`,
);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
process.send?.({ seconds, cpuSeconds: (user + system) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 });
engine.close();
