/** Hostile and damaged deliveries, each with what has to come of it. */
import { compressed } from './files/compression.ts';
import { encoded } from './files/encodings.ts';
import { folders } from './files/folders.ts';
import { jsonLines } from './files/json-lines.ts';
import { named } from './files/names.ts';
import { parquets } from './files/parquet.ts';
import { structured } from './files/structure.ts';
import { valued } from './files/values.ts';
import type { HostileFile } from './hostile-file.ts';

export const catalogue: Readonly<Record<string, readonly HostileFile[]>> = {
  compression: compressed,
  encoding: encoded,
  structure: structured,
  'column names': named,
  values: valued,
  Parquet: parquets,
  'JSON Lines': jsonLines,
  folders,
};
