import { writeFile } from 'node:fs/promises';

import { correlationsOf } from '../../shared/data/profile/correlations.ts';
import { findDelivery } from '../offline/delivery.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { profileText } from '../offline/profile-text.ts';
import { problemText, readSeen, type Seen } from '../offline/seen.ts';
import { SOURCE_OPTIONS, sourceOf } from '../offline/source-options.ts';
import { onlyArgument, type Verb } from '../verb.ts';

/** The report of a file that was looked at and not judged. */
async function reportOf({ delivery, dataset, engine }: Seen): Promise<string> {
  // What draws the plots takes long to load, and a table needs none.
  const { dataReport } = await import('../../shared/report/data-report.ts');
  const columns = dataset.profile?.columns ?? [];
  return dataReport({
    name: delivery.name,
    dataset: null,
    sources: delivery.parts.map(({ name, sizeBytes }) => ({ key: name, sizeBytes })),
    accepted: null,
    judgedAt: null,
    rows: dataset.rows,
    problems: [...dataset.problems],
    checks: [],
    columns,
    protectedColumns: [],
    before: null,
    label: null,
    correlations: await correlationsOf(engine, dataset.parts, columns),
  });
}

export const profile: Verb = {
  options: ['html', ...SOURCE_OPTIONS],
  run: ({ args, options, progress }) =>
    onFiles(async (directory) => {
      const delivery = await findDelivery(onlyArgument(args, 'file of data'));
      const seen = await withSigns(progress, `reading ${delivery.given}`, () =>
        readSeen(delivery, directory, sourceOf(options)),
      );
      const { dataset } = seen;
      try {
        if (options.html !== undefined) await writeFile(options.html, await reportOf(seen));
      } finally {
        seen.close();
      }
      const text = [
        ...(dataset.profile === null ? [] : [profileText(delivery.given, dataset.profile)]),
        ...(dataset.problems.length === 0 ? [] : [`${delivery.given}: problems`]),
        ...dataset.problems.map((problem) => `  ${problemText(problem)}`),
        ...(options.html === undefined ? [] : [`report ${options.html}`]),
      ];
      return {
        exit: dataset.problems.length === 0 ? 0 : 1,
        text: text.join('\n'),
        data: { file: delivery.given, format: dataset.format, problems: dataset.problems, profile: dataset.profile },
      };
    }),
};
