import { writeFile } from 'node:fs/promises';

import { pointedText, pointedThousands } from '../../shared/data/pointed-thousands.ts';
import { correlationsOf } from '../../shared/data/profile/correlations.ts';
import { standInsOf, standInText } from '../../shared/data/stand-ins.ts';
import { unnamedText } from '../../shared/data/unnamed-columns.ts';
import { findDelivery } from '../offline/delivery.ts';
import { onFiles, withSigns } from '../offline/on-files.ts';
import { problemLines, whatToDo } from '../offline/problems-text.ts';
import { profileText } from '../offline/profile-text.ts';
import { readSeen, type Seen } from '../offline/seen.ts';
import { SOURCE_OPTIONS, sourceOf } from '../offline/source-options.ts';
import { declaredNotation, type SuggestedNotation, suggestNotations } from '../offline/suggest-notation.ts';
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

/** The columns that hold something else than they are read as: what could be declared of them, or why they are text. */
function unreadLines({ columns }: Seen, notations: readonly SuggestedNotation[]): string[] {
  const lines = columns.flatMap(({ name, unread }) => {
    const found = notations.find(({ column }) => column === name);
    if (found !== undefined)
      return [`  ${name}: ${found.why}; declare ${JSON.stringify(declaredNotation(found.notation))}`];
    return unread === null ? [] : [`  ${name}: ${unread}`];
  });
  return lines.length === 0 ? [] : ['not read as what it holds, unless data.source.columns declares it:', ...lines];
}

/** What is read as it stands, and may be meant otherwise. */
async function doubtfulLines({ dataset, engine, columns }: Seen): Promise<string[]> {
  const names = new Set(columns.map(({ name }) => name));
  const standIns = await standInsOf(engine, dataset, names);
  const pointed = await pointedThousands(engine, dataset, names);
  const lines = [...unnamedText(dataset), ...standIns.map(standInText), ...pointed.map(pointedText)];
  return lines.length === 0 ? [] : ['worth a look:', ...lines.map((line) => `  ${line}`)];
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
      let doubtful: readonly string[] = [];
      let notations: readonly SuggestedNotation[] = [];
      try {
        if (dataset.problems.length === 0 && seen.rows > 0) {
          notations = await suggestNotations(seen);
          doubtful = await doubtfulLines(seen);
        }
        if (options.html !== undefined) await writeFile(options.html, await reportOf(seen));
      } finally {
        seen.close();
      }
      const text = [
        ...(dataset.profile === null ? [] : [profileText(delivery.given, dataset.profile)]),
        ...unreadLines(seen, notations),
        ...doubtful,
        ...(dataset.problems.length === 0 ? [] : [`${delivery.given}: problems`]),
        ...problemLines(dataset.problems, delivery.name).map((line) => `  ${line}`),
        ...(dataset.problems.length === 0 ? [] : [`what to do: ${whatToDo(dataset.problems)}`]),
        ...(options.html === undefined ? [] : [`report ${options.html}`]),
      ];
      return {
        exit: dataset.problems.length === 0 ? 0 : 1,
        text: text.join('\n'),
        data: {
          file: delivery.given,
          format: dataset.format,
          problems: dataset.problems,
          profile: dataset.profile,
          written: notations.map(({ column, notation }) => ({ column, declare: declaredNotation(notation) })),
        },
      };
    }),
};
