import { describe, expect, it } from 'vitest';
import { columnFilter, FilterError, joinColumns, splitColumns } from '../../../local/services/sagemaker/csv-columns.ts';
import fc from '../../fast-check.ts';

describe('columns of a CSV row', () => {
  it('are joined to the row they were split from', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^([a-z0-9 ]*|"[a-z, ]*")$/), { minLength: 1 }), (columns) => {
        const row = joinColumns(columns);

        expect(splitColumns(row)).toEqual(columns);
      }),
    );
  });
});

describe('a column filter', () => {
  const columns = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

  it.each([
    ['$', 'abcdefg'],
    ['$[0]', 'a'],
    ['$[-1]', 'g'],
    ['$[1:]', 'bcdefg'],
    ['$[:2]', 'ab'],
    ['$[1:3]', 'bc'],
    ['$[1:-1]', 'bcdef'],
    ['$[0,5:]', 'afg'],
    ['$[0,-1]', 'ag'],
    ['$[2, 0]', 'ca'],
  ])('%s chooses %s', (path, chosen) => {
    expect(columnFilter('OutputFilter', path)(columns).join('')).toBe(chosen);
  });

  it.each(['$[7]', '$[-8]', '$[7:]', '$[0,9]'])('%s fails on seven columns', (path) => {
    expect(() => columnFilter('OutputFilter', path)(columns)).toThrow(FilterError);
  });

  it.each(["$['id']", '$.features', '$[*]', '$[0', '$[1:2:3]', '$[]'])('%s is refused by name', (path) => {
    expect(() => columnFilter('DataProcessing.OutputFilter', path)).toThrow(/DataProcessing\.OutputFilter/);
  });
});
