import { describe, expect, it } from 'vitest';
import { batchFromRecords } from '../../../shared/features/records.ts';

const TYPES = { n: 'integer', x: 'number', s: 'string', b: 'boolean', t: 'timestamp', d: 'date' } as const;

describe('batchFromRecords', () => {
  it('makes columns of JSON values, with null for what is missing', () => {
    const { batch, errors } = batchFromRecords(
      [{ n: 3, x: 1.5, s: 'a', b: true, t: '2001-01-14T23:59:00.25Z', d: '1970-01-02' }, { s: null }],
      TYPES,
    );
    expect(errors).toEqual([]);
    expect(batch.rows).toBe(2);
    expect(batch.columns.n).toEqual({ type: 'integer', values: Float64Array.of(3, 0), nulls: Uint8Array.of(0, 1) });
    expect(batch.columns.x?.values[0]).toBe(1.5);
    expect(batch.columns.s).toEqual({ type: 'string', values: ['a', ''], nulls: Uint8Array.of(0, 1) });
    expect(batch.columns.b?.values).toEqual(Uint8Array.of(1, 0));
    expect(batch.columns.t?.values[0]).toBe(979_516_740_250_000);
    expect(batch.columns.d?.values[0]).toBe(1);
  });

  it('takes a text of nothing but spaces for nothing, as in the files that are trained on', () => {
    const texts = ['', ' ', ' \u00a0\u2007', '\u00a0', ' a', '\n'];

    const { batch, errors } = batchFromRecords(
      texts.map((s) => ({ s })),
      TYPES,
      ['s'],
    );

    expect(errors).toEqual([]);
    expect(batch.columns.s?.nulls).toEqual(Uint8Array.of(1, 1, 1, 0, 0, 0));
  });

  it.each([
    ['n', 1.5, 'found 1.5'],
    ['n', 2 ** 53, 'found 9007199254740992'],
    ['x', '1.5', 'found a string'],
    ['s', 7, 'expected a string, found 7'],
    ['b', 1, 'expected true or false'],
    ['t', 'yesterday', 'ISO 8601'],
    ['t', 0, 'ISO 8601'],
    ['d', '2001-02-29', 'a date'],
    ['d', {}, 'found an object'],
    ['s', ['a'], 'found a list'],
  ])('refuses %s = %j, naming record, field and reason', (field, value, reason) => {
    const { errors, batch } = batchFromRecords([{}, { [field]: value }], TYPES);
    expect(errors).toEqual([{ record: 1, field, reason: expect.stringContaining(reason) }]);
    expect(batch.columns[field]?.nulls?.[1]).toBe(1);
  });

  it('refuses a field that is no column, with the column that may be meant', () => {
    const { errors } = batchFromRecords([{ distanse: 3 }], { distance: 'integer' });
    expect(errors).toEqual([
      { record: 0, field: 'distanse', reason: 'not a column of the data; did you mean distance?' },
    ]);
  });

  it('looks only at the wanted columns, though others of the data may be given', () => {
    const { batch, errors } = batchFromRecords([{ n: 1, s: 5 }], TYPES, ['n']);
    expect(errors).toEqual([]);
    expect(Object.keys(batch.columns)).toEqual(['n']);
  });

  it.each([[null], ['text'], [[1]], [7]])('refuses %j, which is not a record', (record) => {
    expect(batchFromRecords([record], TYPES).errors).toMatchObject([{ record: 0, field: null }]);
  });

  it('is not confused by names that objects have anyway', () => {
    const { errors } = batchFromRecords([JSON.parse('{"__proto__": 1, "constructor": 2}')], TYPES);
    expect(errors.map(({ field }) => field).sort()).toEqual(['__proto__', 'constructor']);
  });
});
