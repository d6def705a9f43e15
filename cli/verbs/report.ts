import { writeFile } from 'node:fs/promises';

import { lifeReport } from '../../shared/report/life-report.ts';
import { modelLife } from '../model-life.ts';
import { publishedModels } from '../place.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const report: Verb = {
  options: ['out'],
  async run({ place: find, args, options, now }) {
    const model = onlyArgument(args, 'model');
    const { ledger } = await find();
    if (!(await publishedModels(ledger)).includes(model)) {
      return { exit: 1, text: `no model ${model} is published`, data: { error: 'unknown_model', model } };
    }
    const file = options.out ?? `${model}.html`;
    const life = await modelLife(ledger, model, now);
    await writeFile(file, await lifeReport(life));
    return { exit: 0, text: `the life of ${model} is in ${file}`, data: { file, ...life } };
  },
};
