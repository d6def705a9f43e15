/** Public tables as a person would have them: a file each, from packages that are here. */
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

/** A table and what one would ask of it. */
export interface PublicTable {
  readonly name: string;
  readonly from: string;
  readonly licence: string;
  readonly label: string;
  /** What the problem is; whoever tries the table does not say so. */
  readonly problem: 'binary' | 'multiclass' | 'regression';
  /** Writes the table below a folder. @returns The file */
  readonly write: (folder: string) => Promise<string>;
}

const VEGA = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data');

const cell = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const csv = (names: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  `${[names, ...rows].map((row) => row.map(cell).join(',')).join('\n')}\n`;

/** A file of the npm package vega-datasets; of JSON arrays a CSV is made, as a spreadsheet would save it. */
const vega = (file: string) => async (folder: string) => {
  const path = join(folder, file.replace(/\.json$/, '.csv'));
  if (extname(file) !== '.json') await copyFile(join(VEGA, file), path);
  else {
    const records: readonly Readonly<Record<string, unknown>>[] = JSON.parse(await readFile(join(VEGA, file), 'utf8'));
    const names = Object.keys(records[0] ?? {});
    await writeFile(
      path,
      csv(
        names,
        records.map((record) => names.map((name) => record[name])),
      ),
    );
  }
  return path;
};

/** Where scikit-learn keeps its tables. @throws Error where Python has none */
const sklearnFolder = async (): Promise<string> => {
  const program = 'import os, sklearn.datasets as d; print(os.path.join(os.path.dirname(d.__file__), "data"))';
  return (await promisify(execFile)('python3', ['-c', program])).stdout.trim();
};

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** A table of scikit-learn with names for its columns; the class is told by its name, which the first line has. */
const sklearnClasses = (file: string, features: readonly string[], label: string) => async (folder: string) => {
  const [head = '', ...rows] = lines(await readFile(join(await sklearnFolder(), file), 'utf8'));
  const classes = head.split(',').slice(2);
  const path = join(folder, file);
  const cells = rows.map((row) => row.split(','));
  const named = cells.map((row) => [...row.slice(0, -1), classes[Number(row.at(-1))]]);
  const names = Array.from({ length: (cells[0]?.length ?? 1) - 1 }, (_, at) => features[at] ?? `feature_${at + 1}`);
  await writeFile(path, csv([...names, label], named));
  return path;
};

const DIABETES = ['age', 'sex', 'bmi', 'blood_pressure', 's1', 's2', 's3', 's4', 's5', 's6'];

const sklearnDiabetes = async (folder: string) => {
  const [rows, targets] = await Promise.all(
    ['diabetes_data_raw.csv.gz', 'diabetes_target.csv.gz'].map(async (file) =>
      lines(gunzipSync(await readFile(join(await sklearnFolder(), file))).toString()),
    ),
  );
  const path = join(folder, 'diabetes.csv');
  const table = (rows ?? []).map((row, at) => [...row.trim().split(/\s+/), Number(targets?.[at])]);
  await writeFile(path, csv([...DIABETES, 'progression'], table));
  return path;
};

const NPM = 'npm vega-datasets 3.2.1';
const SKLEARN = 'scikit-learn';
const US = 'US government work';
const BSD = "BSD-3, the package's";

export const PUBLIC_TABLES: readonly PublicTable[] = [
  {
    name: 'birdstrikes',
    from: NPM,
    licence: US,
    label: 'Effect Amount of damage',
    problem: 'multiclass',
    write: vega('birdstrikes.csv'),
  },
  {
    name: 'movies',
    from: NPM,
    licence: 'none stated',
    label: 'IMDB Rating',
    problem: 'regression',
    write: vega('movies.json'),
  },
  {
    name: 'seattle-weather',
    from: NPM,
    licence: US,
    label: 'weather',
    problem: 'multiclass',
    write: vega('seattle-weather.csv'),
  },
  { name: 'weather', from: NPM, licence: US, label: 'location', problem: 'binary', write: vega('weather.csv') },
  {
    name: 'flights-20k',
    from: NPM,
    licence: 'US DOT, terms not stated',
    label: 'delay',
    problem: 'regression',
    write: vega('flights-20k.json'),
  },
  {
    name: 'penguins',
    from: NPM,
    licence: 'CC0 1.0',
    label: 'Species',
    problem: 'multiclass',
    write: vega('penguins.json'),
  },
  {
    name: 'cars',
    from: NPM,
    licence: 'for educational and scientific purposes',
    label: 'Miles_per_Gallon',
    problem: 'regression',
    write: vega('cars.json'),
  },
  {
    name: 'breast_cancer',
    from: SKLEARN,
    licence: BSD,
    label: 'diagnosis',
    problem: 'binary',
    write: sklearnClasses('breast_cancer.csv', [], 'diagnosis'),
  },
  {
    name: 'wine',
    from: SKLEARN,
    licence: BSD,
    label: 'cultivar',
    problem: 'multiclass',
    write: sklearnClasses('wine_data.csv', [], 'cultivar'),
  },
  {
    name: 'iris',
    from: SKLEARN,
    licence: BSD,
    label: 'species',
    problem: 'multiclass',
    write: sklearnClasses('iris.csv', ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'], 'species'),
  },
  {
    name: 'diabetes',
    from: SKLEARN,
    licence: BSD,
    label: 'progression',
    problem: 'regression',
    write: sklearnDiabetes,
  },
];
