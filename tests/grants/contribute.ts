/** Before each file of tests: its clouds record what was asked of their policies, and of them, each file by itself. */
import { basename, join } from 'node:path';

import { expect } from 'vitest';

import { isContributor, RECORD_FOLDER } from './folder.ts';

const folder = process.env[RECORD_FOLDER];
const { testPath = '' } = expect.getState();
if (folder !== undefined && isContributor(testPath))
  process.env.LOCAL_CLOUD_AUTHORIZATIONS = join(folder, basename(testPath));
