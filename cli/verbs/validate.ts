import { writeFile } from 'node:fs/promises';

import { needed } from '../offline/answer.ts';
import { definitionPath, publishedFrom } from '../offline/definition-file.ts';
import { findDelivery } from '../offline/delivery.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { offlineSteps } from '../offline/steps.ts';
import { verdictText } from '../offline/verdict-text.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const validate: Verb = {
  options: ['model', 'html'],
  run: ({ args, options, now, progress }) =>
    onFiles(async (directory) => {
      const delivery = await findDelivery(onlyArgument(args, 'file of data'));
      const published = await publishedFrom(definitionPath(needed(options, 'model')));
      const steps = await offlineSteps(delivery, published, directory, now);
      const validated = await withSigns(progress, `reading ${delivery.given}`, () => steps.validate());
      if (options.html !== undefined && validated.report !== undefined) await writeFile(options.html, validated.report);
      const { arrival, verdict } = validated;
      return {
        exit: verdict === undefined ? 2 : verdict.accepted ? 0 : 1,
        text: verdictText(delivery, published.model, validated),
        data: verdict ?? { problem: { code: arrival.outcome, file: delivery.given, message: arrival.reason ?? '' } },
      };
    }),
};
