/**
 * `npm run vectors -- DIR`: every file of reference numbers in DIR through the product's own functions. Each difference
 * has its line; the last line counts the cases. Exit code 1 where a case or a file failed, 2 where DIR cannot be used.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { checkFile } from './vectors/check.ts';

const shown = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));

/** Prints what was found and answers the exit code. */
function run(directory: string): number {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    console.error(`${directory} is no directory`);
    return 2;
  }
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort();
  if (files.length === 0) {
    console.error(`${directory} holds no .json file`);
    return 2;
  }
  const [passed, failed] = files
    .map((file) => {
      const checked = checkFile(file, readFileSync(join(directory, file), 'utf8'));
      for (const failure of checked.failures) {
        console.error(
          `${file} ${failure.case} ${failure.figure}: expected ${shown(failure.expected)}, found ${shown(failure.found)}`,
        );
      }
      for (const [figure, why] of Object.entries(checked.beside)) {
        console.info(`${file}: ${figure} is not compared: ${why}`);
      }
      console.info(`${file}: ${checked.passed} passed, ${checked.failed} failed`);
      return checked;
    })
    .reduce(([p, f], checked) => [p + checked.passed, f + checked.failed], [0, 0]);
  console.info(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const [directory, ...rest] = process.argv.slice(2);
if (directory === undefined || rest.length > 0) {
  console.error('npm run vectors -- DIR, where DIR holds files of reference numbers');
  process.exitCode = 2;
} else process.exitCode = run(directory);
