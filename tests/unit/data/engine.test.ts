import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EngineError, identifier, literal, openEngine } from '../../../shared/data/engine.ts';
import type { Column } from '../../../shared/features/columns.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const everyType = `SELECT * FROM (VALUES
  (1::BIGINT, 1.5::DOUBLE, 'short', true, TIMESTAMP '2001-01-25 10:15:00.000001', DATE '2001-01-25'),
  (NULL, NULL, NULL, NULL, NULL, NULL),
  (-9007199254740991, -0.1, 'longer than twelve bytes: ä', false, TIMESTAMP '1969-12-31 23:59:59', DATE '1969-12-31')
) AS t(i, n, s, b, t, d)`;

it('streams every type as typed columns', async () => {
  const rows = await shop.rows(everyType);

  expect(rows).toEqual([
    [1, 1.5, 'short', 1, 980_417_700_000_001, 11_347],
    [null, null, null, null, null, null],
    [-9007199254740991, -0.1, 'longer than twelve bytes: ä', 0, -1_000_000, -1],
  ]);
});

it("fills batches across the engine's chunks and keeps the order", async () => {
  const sizes: number[] = [];
  let next = 0;
  const sql = "SELECT CASE WHEN i % 3 <> 0 THEN i END AS i, 'row ' || i AS s FROM range(10000) t(i)";
  for await (const { rows, columns } of shop.engine.columns(sql, 3000)) {
    sizes.push(rows);
    const { i, s } = columns;
    for (let row = 0; row < rows; row += 1, next += 1) {
      if ((i?.nulls?.[row] === 1) !== (next % 3 === 0)) throw new Error(`row ${next} has the wrong null`);
      if (next % 3 !== 0 && i?.values[row] !== next) throw new Error(`row ${next} holds ${i?.values[row]}`);
      if (s?.values[row] !== `row ${next}`) throw new Error(`row ${next} holds ${s?.values[row]}`);
    }
  }

  expect(sizes).toEqual([3000, 3000, 3000, 1000]);
});

it('runs other statements while it streams', async () => {
  let rows = 0;
  for await (const batch of shop.engine.columns('SELECT i FROM range(10000) t(i)', 1000)) {
    await shop.engine.query('SELECT 1');
    rows += batch.rows;
  }

  expect(rows).toBe(10_000);
});

it('refuses an integer that a double cannot hold', async () => {
  const reading = shop.rows('SELECT 9007199254740993::BIGINT AS id');

  await expect(reading).rejects.toMatchObject({
    name: 'EngineError',
    fault: 'input',
    message: expect.stringContaining('id'),
  });
});

it('refuses a type that is not one of typed columns', async () => {
  await expect(shop.rows('SELECT [1, 2] AS xs')).rejects.toThrow('INTEGER[]');
});

it('writes appended columns to Parquet and reads the same back', async () => {
  const path = join(shop.directory(), 'rows.parquet');
  const columns: Column[] = [
    { type: 'integer', values: Float64Array.of(1, 0, -3), nulls: Uint8Array.of(0, 1, 0) },
    { type: 'number', values: Float64Array.of(0.1, 1e300, 0) },
    { type: 'string', values: ['a', '', 'ü'] },
    { type: 'boolean', values: Uint8Array.of(1, 0, 1) },
    { type: 'timestamp', values: Float64Array.of(980_417_700_000_001, 0, -1) },
    { type: 'date', values: Float64Array.of(11_347, 0, -1) },
  ];
  const specs = columns.map(({ type }, index) => ({ name: `c${index}`, type }));
  const writer = await shop.engine.parquetWriter(specs, path);

  writer.append(columns, 0, 3);
  writer.append(columns, 2, 3);
  const written = await writer.finish();

  expect(written).toBe(4);
  expect(await shop.rows(`SELECT * FROM read_parquet(${literal(path)})`)).toEqual([
    [1, 0.1, 'a', 1, 980_417_700_000_001, 11_347],
    [null, 1e300, '', 0, 0, 0],
    [-3, 0, 'ü', 1, -1, -1],
    [-3, 0, 'ü', 1, -1, -1],
  ]);
});

it('appends more rows than a chunk of the engine holds', async () => {
  const path = join(shop.directory(), 'rows.parquet');
  const values = Float64Array.from({ length: 5000 }, (_, row) => row);
  const writer = await shop.engine.parquetWriter([{ name: 'n', type: 'number' }], path);

  writer.append([{ type: 'number', values }], 0, 5000);
  await writer.finish();

  const rows = await shop.rows(`SELECT * FROM read_parquet(${literal(path)})`);
  expect(rows.map(([n]) => n)).toEqual([...values]);
});

it('quotes names and texts so that they stay what they are', async () => {
  const name = 'a "b"; DROP';

  const rows = await shop.engine.query(`SELECT ${literal("it's")} AS ${identifier(name)}`);

  expect(rows).toEqual([{ [name]: "it's" }]);
});

it('never reaches for the network', async () => {
  await expect(shop.engine.query("SELECT * FROM read_parquet('s3://bucket/key.parquet')")).rejects.toThrow(EngineError);
  const [settings] = await shop.engine.query(
    "SELECT current_setting('autoinstall_known_extensions') AS i, current_setting('autoload_known_extensions') AS l",
  );
  expect(settings).toEqual({ i: false, l: false });
});

it('says whose fault a failure is', async () => {
  const damaged = join(shop.directory(), 'x.parquet');
  writeFileSync(damaged, 'PAR1 this is not Parquet PAR1');

  await expect(shop.engine.query(`SELECT * FROM read_parquet(${literal(damaged)})`)).rejects.toMatchObject({
    fault: 'input',
  });
  await expect(shop.engine.query('SELECT nothing_like_it')).rejects.toMatchObject({ fault: 'internal' });
  const small = await openEngine({ memoryLimitMb: 16, tempDirectory: '' });
  const sorting = small.query(
    'SELECT count(*) FROM (SELECT DISTINCT md5(i::VARCHAR) || i AS h FROM range(3000000) t(i))',
  );
  await expect(sorting).rejects.toMatchObject({ fault: 'resources' });
  small.close();
});
