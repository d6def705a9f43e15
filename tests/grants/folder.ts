/** Where the clouds of a test run record what was asked of their policies: one folder for the run. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Names the folder to the test files, which run in other processes. */
export const RECORD_FOLDER = 'AUTHORIZATION_RECORD';

/** The tests of the packaged loop, and the stories of what its steps do on rare occasions. */
const CONTRIBUTING = [
  { folder: 'tests/loop', name: /\.test\.ts$/ },
  { folder: 'tests/in-process', name: /^occasions.*\.test\.ts$/ },
] as const;

/** Whether what a test file asks of the policies is judged. */
export const isContributor = (testPath: string): boolean =>
  CONTRIBUTING.some(({ folder, name }) => dirname(testPath).endsWith(`/${folder}`) && name.test(basename(testPath)));

/** Names of all files whose authorisations are judged, from the project's root. */
export const contributors = (): string[] =>
  CONTRIBUTING.flatMap(({ folder, name }) => readdirSync(folder).filter((file) => name.test(file)));

export default (): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'authorizations-'));
  process.env[RECORD_FOLDER] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
