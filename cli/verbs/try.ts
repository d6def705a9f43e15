import { SOURCE_OPTIONS } from '../offline/source-options.ts';
import type { Verb } from '../verb.ts';

export const tryFile: Verb = {
  options: ['label', 'name', 'problem', 'without', 'port', ...SOURCE_OPTIONS],
  switches: ['once', 'strict', 'packaged'],
  // The local cloud takes a second to load: no other command waits for it.
  run: async (input) => (await import('../local/try-file.ts')).tryFile(input),
};
