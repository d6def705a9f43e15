import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from './boosting.ts';
import { CsvError, type NumericTable, parseNumericCsv } from './csv.ts';
import { notImplemented, UserError } from './user-error.ts';

/** One channel as `inputdataconfig.json` describes it. */
export interface ChannelConfig {
  readonly ContentType?: string;
  readonly TrainingInputMode?: string;
  readonly S3DistributionType?: string;
  readonly RecordWrapperType?: string;
}

/** Content types the image accepts (data_utils.py); of them CSV is implemented here. */
const CSV_TYPES = ['csv', 'text/csv'];
const OTHER_TYPES = [
  'libsvm',
  'text/libsvm',
  'text/x-libsvm',
  'parquet',
  'application/x-parquet',
  'recordio-protobuf',
  'application/x-recordio-protobuf',
];

const checkContentType = (given: string | undefined): void => {
  // The image's default is libsvm; it reads CSV only when told to.
  if (given === undefined || given === '') {
    throw notImplemented('ContentType text/libsvm, which is what a channel without a ContentType has,');
  }
  const [type = '', ...parameters] = given
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (OTHER_TYPES.includes(type)) throw notImplemented(`ContentType ${given}`);
  if (!CSV_TYPES.includes(type)) {
    throw new UserError(`${given} is not an accepted ContentType: ${[...CSV_TYPES, ...OTHER_TYPES].join(', ')}.`);
  }
  const labelSize = parameters.find((parameter) => parameter.startsWith('label_size'));
  if (labelSize !== undefined && labelSize.replaceAll(' ', '') !== 'label_size=1') {
    throw new UserError(
      `${given} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1`,
    );
  }
};

/**
 * Checks `inputdataconfig.json`: `train` is required, `validation` optional, others are refused.
 *
 * @throws UserError naming the channel.
 */
export const checkChannels = (channels: Readonly<Record<string, ChannelConfig>>): void => {
  const { train } = channels;
  if (!train) throw new UserError('Missing required channel: train');
  for (const [name, channel] of Object.entries(channels)) {
    if (name === 'code') throw notImplemented('Channel code (script mode)');
    if (name !== 'train' && name !== 'validation') throw new UserError(`Extraneous channel found: ${name}`);
    const mode = channel.TrainingInputMode ?? 'File';
    // FastFile looks like File to the container.
    if (mode !== 'File' && mode !== 'FastFile') throw notImplemented(`Channel ${name}: input mode ${mode}`);
    const wrapper = channel.RecordWrapperType ?? 'None';
    if (wrapper !== 'None') throw notImplemented(`Channel ${name}: record wrapper ${wrapper}`);
  }
  // The image takes the type of the training channel for both (algorithm_mode/train.py).
  checkContentType(train.ContentType);
};

const DEEPEST_FOLDER = 3;

/** The channel's data files in the order of their paths, so that the same data gives the same model. */
const dataFiles = (folder: string, depth = 0): string[] => {
  if (depth > DEEPEST_FOLDER) throw new UserError(`Folder depth exceed the limit: ${DEEPEST_FOLDER}.`);
  const files: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stats = statSync(path);
    if (stats.isDirectory()) files.push(...dataFiles(path, depth + 1));
    else if (name.startsWith('.'))
      throw new UserError('Hidden file found in the data path! Remove that before training.');
    else if (!name.startsWith('_') && stats.size > 0) files.push(path);
  }
  return files;
};

const joinTables = (tables: readonly NumericTable[], names: readonly string[]): NumericTable => {
  const first = tables[0];
  if (!first) return { rows: 0, columns: 0, values: new Float32Array(0) };
  if (tables.length === 1) return first;
  const values = new Float32Array(tables.reduce((sum, table) => sum + table.values.length, 0));
  let at = 0;
  let rows = 0;
  tables.forEach((table, index) => {
    if (table.columns !== first.columns) {
      throw new UserError(
        `Failed to load csv data: ${names[index]} has ${table.columns} columns, ${names[0]} ${first.columns}`,
      );
    }
    values.set(table.values, at);
    at += table.values.length;
    rows += table.rows;
  });
  return { rows, columns: first.columns, values };
};

/**
 * Reads a channel's CSV files: label first, then the weight if `hasWeights`, then the features.
 *
 * @throws UserError if the folder holds no data, a hidden file, a label that is missing, or CSV that is not numbers.
 */
export const readChannel = (folder: string, channel: string, hasWeights: boolean): Dataset => {
  const files = statSync(folder, { throwIfNoEntry: false }) ? dataFiles(folder) : [];
  const names = files.map((path) => path.slice(folder.length + 1));
  const tables = files
    .map((path, index) => {
      try {
        return parseNumericCsv(readFileSync(path), names[index] ?? path);
      } catch (cause) {
        if (!(cause instanceof CsvError)) throw cause;
        throw new UserError(`Failed to load csv data with exception:\n${cause.message}`, { cause });
      }
    })
    .filter((table) => table.rows > 0);
  const table = joinTables(tables, names);
  if (table.rows === 0) throw new UserError(`No data in ${channel} channel path ${folder}`);
  const leading = hasWeights ? 2 : 1;
  const columns = table.columns - leading;
  if (columns < 1) {
    throw new UserError(`Could not determine delimiter on line: ${names[0]} has ${table.columns} columns`);
  }
  const labels = new Float32Array(table.rows);
  const weights = hasWeights ? new Float32Array(table.rows) : undefined;
  const values = new Float32Array(table.rows * columns);
  for (let row = 0; row < table.rows; row++) {
    const start = row * table.columns;
    labels[row] = table.values[start]!;
    if (weights) weights[row] = table.values[start + 1]!;
    values.set(table.values.subarray(start + leading, start + table.columns), row * columns);
  }
  // XGBoost's words (src/data/data.cc).
  if (!labels.every(Number.isFinite)) throw new UserError('Label contains NaN, infinity or a value too large.');
  if (weights && !weights.every((weight) => weight >= 0)) throw new UserError('Weights must be positive values.');
  return { features: { rows: table.rows, columns, values }, labels, weights };
};
