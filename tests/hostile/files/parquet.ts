/** Parquet that is damaged, or holds what a table of values does not. */
import { accepted, type HostileFile, type Maker, rejected } from '../hostile-file.ts';

const ROWS = `SELECT i AS id, i * 1.5 AS amount, 'LAS' AS place, i % 2 AS late FROM range(1, 41) AS t(i)`;
const whole = ({ parquet }: Maker): Promise<Buffer> => parquet(ROWS);
/** The good rows with one column given by an expression over `id`. */
const withSql =
  (name: string, sql: string) =>
  ({ parquet }: Maker): Promise<Buffer> =>
    parquet(`SELECT * REPLACE ((${sql}) AS ${name}) FROM (${ROWS})`);
const beside =
  (sql: string) =>
  ({ parquet }: Maker): Promise<Buffer> =>
    parquet(`SELECT *, ${sql} FROM (${ROWS})`);

/** The length of the metadata is written before the last magic. */
async function withMetadataLength(make: Maker, length: number): Promise<Buffer> {
  const bytes = Buffer.from(await whole(make));
  bytes.writeUInt32LE(length, bytes.length - 8);
  return bytes;
}

async function overwritten(make: Maker, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.from(await whole(make));
  bytes.fill(0xff, at, at + length);
  return bytes;
}

const corrupt = rejected({ code: 'parquet_corrupt' });
const unsupported = (column: string, says: string) => rejected({ code: 'column_type_unsupported', column }, says);

export const parquets: readonly HostileFile[] = [
  { name: 'a whole Parquet file', bytes: whole, expected: accepted({ amount: 'number', late: 'integer' }) },
  { name: 'a Parquet file named .csv', file: 'orders.csv', bytes: whole, expected: accepted() },
  {
    name: 'CSV named .parquet',
    file: 'orders.parquet',
    bytes: () => 'id,late\n1,0\n2,1\n',
    definition: 'problem: binary\ndata: { label: late, features: [id] }\n',
    expected: accepted({}, 2),
  },
  {
    name: 'Parquet with a column named as the engine names its rows',
    bytes: beside('id AS file_row_number'),
    expected: rejected({ code: 'header_name_invalid', column: 'file_row_number' }, 'rename it'),
  },
  { name: 'half a Parquet file', bytes: async (make) => (await whole(make)).subarray(0, 400), expected: corrupt },
  {
    name: 'a Parquet file without its last byte',
    bytes: async (make) => (await whole(make)).subarray(0, -1),
    expected: corrupt,
  },
  { name: 'the first four bytes of a Parquet file', bytes: () => 'PAR1', expected: corrupt },
  {
    name: 'the end of a Parquet file',
    bytes: async (make) => (await whole(make)).subarray(200),
    expected: rejected({ code: 'encoding' }),
  },
  {
    name: 'Parquet whose metadata are longer than the file',
    bytes: (make) => withMetadataLength(make, 0x7fffffff),
    expected: corrupt,
  },
  { name: 'Parquet whose metadata have no length', bytes: (make) => withMetadataLength(make, 0), expected: corrupt },
  { name: 'Parquet with damaged pages', bytes: (make) => overwritten(make, 8, 60), expected: corrupt },
  {
    name: 'Parquet with damaged metadata',
    bytes: async (make) => overwritten(make, (await whole(make)).length - 200, 60),
    expected: corrupt,
  },
  {
    name: 'an encrypted Parquet file',
    bytes: () => Buffer.from('PARE\u0015\u0004\u0015PARE'),
    expected: rejected({ code: 'format_unsupported' }, 'encrypted'),
  },
  {
    name: 'Parquet without rows',
    bytes: ({ parquet }) => parquet(`${ROWS} LIMIT 0`),
    expected: rejected({ code: 'no_rows' }),
  },
  { name: 'Parquet with a list in it', bytes: beside('[id, id] AS both'), expected: unsupported('both', 'BIGINT[]') },
  {
    name: 'Parquet with a structure in it',
    bytes: beside("{ 'a': id } AS nested"),
    expected: unsupported('nested', 'STRUCT'),
  },
  { name: 'Parquet with bytes in it', bytes: beside("'ab'::BLOB AS raw"), expected: unsupported('raw', 'BLOB') },
  {
    name: 'Parquet with intervals in it',
    bytes: beside('INTERVAL 1 DAY AS lasts'),
    expected: unsupported('lasts', 'INTERVAL'),
  },
  {
    name: 'Parquet with a label that is NaN',
    bytes: withSql('late', "CASE WHEN id = 7 THEN 'nan'::DOUBLE ELSE id % 2 END"),
    expected: rejected({ code: 'label_missing', line: 7, column: 'late' }),
  },
  {
    name: 'Parquet with a label that is missing',
    bytes: withSql('late', 'CASE WHEN id <> 7 THEN id % 2 END'),
    expected: rejected({ code: 'label_missing', line: 7, column: 'late' }),
  },
  {
    name: 'Parquet with an infinite amount',
    bytes: withSql('amount', "CASE WHEN id = 7 THEN 'inf'::DOUBLE ELSE 1.5 END"),
    expected: rejected({ code: 'cell_not_parsed', line: 7, column: 'amount' }),
  },
  {
    name: 'Parquet with decimals',
    bytes: withSql('amount', '(id * 1.5)::DECIMAL(18, 3)'),
    expected: accepted({ amount: 'number' }),
  },
  {
    name: 'Parquet with identifiers beyond 2^53',
    bytes: withSql('id', '9007199254740993 + id'),
    expected: accepted({ id: 'string' }),
  },
  {
    name: 'Parquet with an infinite day',
    bytes: beside("CASE WHEN id = 7 THEN 'infinity'::DATE ELSE DATE '2001-03-01' END AS day"),
    definition: 'problem: binary\ndata: { label: late, key: [id], time: day }\n',
    expected: rejected({ code: 'cell_not_parsed', line: 7, column: 'day' }, undefined, 'time_missing'),
  },
  ...['pla\nce', 'pla\u001b[2Jce', 'pla\u200bce'].map(
    (name): HostileFile => ({
      name: `Parquet with a column named ${JSON.stringify(name)}`,
      bytes: beside(`id AS "${name}"`),
      expected: rejected({ code: 'header_name_invalid' }, 'cannot be seen'),
    }),
  ),
  {
    name: 'Parquet with a column name of 300 characters',
    bytes: beside(`id AS "${'p'.repeat(300)}"`),
    expected: rejected({ code: 'header_name_invalid' }, '255'),
  },
  {
    name: 'Parquet with two column names that look alike, one composed and one not',
    bytes: beside('id AS "caf\u00e9", id AS "cafe\u0301"'),
    expected: rejected({ code: 'column_duplicated', column: 'cafe\u0301' }),
  },
  {
    name: 'Parquet with a column named by SQL',
    bytes: beside('id AS "x""; DROP TABLE dataset; --"'),
    expected: accepted({ 'x"; DROP TABLE dataset; --': 'integer' }),
  },
];
