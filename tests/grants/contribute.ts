/** Before each file of tests: the clouds of the loop's record what was asked of their policies, each file by itself. */
import { basename, join } from 'node:path';

import { expect } from 'vitest';

import { RECORD_FOLDER } from './folder.ts';

const folder = process.env[RECORD_FOLDER];
const { testPath = '' } = expect.getState();
if (folder !== undefined && testPath.includes('/tests/loop/'))
  process.env.LOCAL_CLOUD_AUTHORIZATIONS = join(folder, basename(testPath));
