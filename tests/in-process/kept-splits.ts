/** The parts of a run, worked out once for the same data under the same plan; the files are written every time. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

import type { KeepSplits, SplitsMade } from '../../functions/prepare-data/prepare-data.ts';
import type { SplitPart } from '../../shared/data/split-writer.ts';
import { contentOf, createKept, frozen } from './kept-answers.ts';

/** A part with its files by what they are called below the directory. */
interface KeptSplits {
  readonly made: SplitsMade;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

const known = createKept<KeptSplits>();

/** The same parts below another directory. */
const below = (parts: readonly SplitPart[], from: string, to: string): SplitPart[] => {
  const moved = (path: string) => to + path.slice(from.length);
  return parts.map(({ csv, rowsFile, ...part }) => ({
    ...part,
    csv: Object.fromEntries(Object.entries(csv).map(([encoding, path]) => [encoding, moved(path)])),
    rowsFile: moved(rowsFile),
  }));
};

const movedTo = ({ written, baseline }: SplitsMade, from: string, to: string): SplitsMade => ({
  written: {
    ...written,
    train: below(written.train, from, to),
    validation: below(written.validation, from, to),
    gate: below(written.gate, from, to),
  },
  baseline,
});

const SPLITS = ['train', 'validation', 'gate'];

/** All files of the splits below a directory. */
const filesIn = (directory: string): KeptSplits['files'] =>
  SPLITS.flatMap((split) =>
    readdirSync(join(directory, split)).map((file) => {
      const name = `${split}${sep}${file}`;
      return { name, bytes: readFileSync(join(directory, name)) };
    }),
  );

export const keepSplits: KeepSplits = async ({ paths, ...contents }, directory, write) => {
  const content = contentOf(
    contents,
    paths.map((path) => readFileSync(path)),
  );
  const found = known.get(content);
  if (found) {
    for (const split of SPLITS) mkdirSync(join(directory, split));
    for (const { name, bytes } of found.files) writeFileSync(join(directory, name), bytes);
    return movedTo(found.made, '', directory);
  }
  const made = await write();
  known.keep(content, {
    made: { ...movedTo(made, directory, ''), baseline: frozen(made.baseline) },
    files: filesIn(directory),
  });
  return made;
};
