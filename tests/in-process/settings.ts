/** What has to be set before the steps are loaded: import this first. */
import { existsSync, statfsSync } from 'node:fs';

// The steps' lines have no log to go to here: a step that fails throws, and that is seen.
process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';

/** A folder in memory, where Linux has one. */
const IN_MEMORY = '/dev/shm';
const ROOM_BYTES = 2 ** 30;

const hasRoom = (folder: string): boolean => {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= ROOM_BYTES;
};

// Steps and containers work with files, some two hundred requests to the file system a run: a third of its time on a disk.
if (process.env.TMPDIR === undefined && hasRoom(IN_MEMORY)) process.env.TMPDIR = IN_MEMORY;
