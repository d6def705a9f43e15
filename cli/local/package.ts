/** The packaged service, as the local cloud deploys it: made where it is not there, or is older than its sources. */
import { execFile } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The folder of the project. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** The template that a stack is made from, and the folder its bundles lie in. */
export const ARTIFACTS = join(ROOT, '.serverless');
export const TEMPLATE = join(ARTIFACTS, 'cloudformation-template-update-stack.json');

/** What goes into the package. */
const SOURCES = ['{functions,shared,events}/**/*.ts', '{functions,infrastructure}/**/*.yml', '*.yml'];

const writtenAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Why the service has to be packaged; undefined when what is there is as new as its sources. */
export const packagingReason = (): string | undefined => {
  const packaged = writtenAt(TEMPLATE);
  if (packaged === 0) return 'the service is not packaged yet';
  const newer = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).find(
    (file) => writtenAt(join(ROOT, file)) > packaged,
  );
  return newer === undefined ? undefined : `${newer} is newer than the package`;
};

/**
 * Packages the service, which takes about half a minute.
 * @throws Error with what the packager said, when it fails.
 */
export const packageService = async (): Promise<void> => {
  await promisify(execFile)(join(ROOT, 'node_modules', '.bin', 'serverless'), ['package'], {
    cwd: ROOT,
    maxBuffer: 16 * 1024 * 1024,
  }).catch((cause: unknown) => {
    const { stdout = '', stderr = '' } = Object(cause);
    throw new Error(`the service could not be packaged:\n${stdout}${stderr}`, { cause });
  });
};
