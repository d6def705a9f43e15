/** `npm run bench -- NAME`: one benchmark, beside a named peer in the same run. */
import { run as aaStudy } from './aa-study.ts';
import { run as data } from './data.ts';
import { run as drift } from './drift.ts';
import { run as driftStudy } from './drift-study.ts';
import { run as evaluation } from './evaluation.ts';
import { run as features } from './features.ts';
import { run as foldsStudy } from './folds-study.ts';
import { run as inProcess } from './in-process.ts';
import { run as labels } from './labels.ts';
import { run as localCloud } from './local-cloud.ts';
import { run as tryTables } from './try.ts';
import { run as xgboost } from './xgboost.ts';

const BENCHES: Readonly<Record<string, () => Promise<void> | void>> = {
  'aa-study': aaStudy,
  data,
  drift,
  'drift-study': driftStudy,
  evaluation,
  features,
  'folds-study': foldsStudy,
  'in-process': inProcess,
  labels,
  'local-cloud': localCloud,
  try: tryTables,
  xgboost,
};

const [name = ''] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) {
  console.error(
    `npm run bench -- NAME, where NAME is one of ${Object.keys(BENCHES).join(', ')}; found ${JSON.stringify(name)}`,
  );
  process.exitCode = 2;
} else await bench();
