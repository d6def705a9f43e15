/** Where the clouds of a test run record what was asked of their policies: one folder for the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the folder to the test files, which run in other processes. */
export const RECORD_FOLDER = 'AUTHORIZATION_RECORD';

export default (): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'authorizations-'));
  process.env[RECORD_FOLDER] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
