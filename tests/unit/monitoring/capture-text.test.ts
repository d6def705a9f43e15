import { describe, expect, it } from 'vitest';

import { capturePlace } from '../../../shared/monitoring/capture-place.ts';
import { readTextCsv, readTextJson, textColumns } from '../../../shared/monitoring/capture-text.ts';

const column = (name: string) => ({ op: 'column', name }) as const;

const columns = textColumns({
  features: [
    { name: 'load', kind: 'number', type: 'number', expression: column('load') },
    { name: 'line', kind: 'category', type: 'string', expression: column('line') },
    { name: 'stop', kind: 'category', type: 'integer', expression: column('stop') },
    { name: 'full', kind: 'number', type: 'boolean', expression: column('full') },
  ],
  columnTypes: { load: 'number', line: 'string', stop: 'integer', full: 'boolean' },
  dictionary: { features: { line: ['north, east', 'south'], stop: ['5', '7'] } },
});

const csv = (text: string) => readTextCsv(Buffer.from(text), columns);

describe('rows of an endpoint that came from elsewhere', () => {
  it('are read from CSV by their place, categories as the texts they are', () => {
    expect(csv('1.5,"north, east",7,true\r\n2,south,5.0,0\n')).toEqual([
      [1.5, 1, 2, 1],
      [2, 2, 1, 0],
    ]);
  });

  it('have missing values where nothing was sent, and unseen ones where the baseline has no such category', () => {
    expect(csv('NaN,,,\n3,west,9,false')).toEqual([
      [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
      [3, 0, 0, 0],
    ]);
  });

  it.each([
    ['text where a number is expected', 'many,south,5,true', 'not_a_number'],
    ['a value too few', '1,south,5', 'wrong_width'],
    ['a value too many', '1,south,5,true,6', 'wrong_width'],
    ['a quote that does not end', '1,"south,5,true', 'bad_quotes'],
  ])('are not read with %s, and the value is not repeated', (_, text, code) => {
    const found = csv(text);

    expect(found).toMatchObject({ code });
    expect(JSON.stringify(found)).not.toMatch(/many|south/);
  });

  it('have missing values where what stands for them in the data was sent, but of what is made of columns', () => {
    const sent = column('load');
    const rows = textColumns({
      features: [
        { name: 'load', kind: 'number', type: 'number', expression: sent },
        { name: 'line', kind: 'category', type: 'string', expression: column('line') },
        { name: 'doubled', kind: 'number', type: 'number', expression: { op: '+', args: [sent, sent] } },
      ],
      columnTypes: { load: 'number', line: 'string' },
      dictionary: { features: { line: ['south'] } },
      missing: { load: [-999], line: ['?'] },
    });

    expect(readTextCsv(Buffer.from('-999.0,?,-999\n1,south,2'), rows)).toEqual([
      [Number.NaN, Number.NaN, -999],
      [1, 1, 2],
    ]);
    expect(readTextJson('[[-999, "?", -999]]', rows)).toEqual([[Number.NaN, Number.NaN, -999]]);
  });

  it.each([
    ['lists', '[[1.5, "south", 5, true], [null, null, 7, false]]'],
    ['objects by name', '[{"line": "south", "load": 1.5, "stop": 5, "full": true}, {"stop": 7, "full": false}]'],
    ['instances', '{"instances": [{"features": [1.5, "south", "5", true]}, {"features": {"stop": 7, "full": 0}}]}'],
    ['lines', '{"load": 1.5, "line": "south", "stop": 5, "full": 1}\n{"stop": 7, "full": "false"}\n'],
  ])('are read from JSON as %s', (_, text) => {
    expect(readTextJson(text, columns)).toEqual([
      [1.5, 2, 1, 1],
      [Number.NaN, Number.NaN, 2, 0],
    ]);
  });

  it.each([
    ['another object', '{"other": 1}', 'not_a_number'],
    ['no JSON', 'half a rec', 'not_a_number'],
    ['an object as a value', '[[1, {"a": 1}, 5, true]]', 'not_a_number'],
    ['a list too short', '[[1, "south"]]', 'wrong_width'],
  ])('are not read from %s', (_, text, code) => {
    expect(readTextJson(text, columns)).toMatchObject({ code });
  });
});

describe('the place of capture', () => {
  it.each([
    ['s3://bucket', { bucket: 'bucket', folder: 'live/' }],
    ['s3://bucket/', { bucket: 'bucket', folder: 'live/' }],
    ['s3://bucket/deep/down', { bucket: 'bucket', folder: 'deep/down/live/' }],
    ['s3://bucket/deep/down/', { bucket: 'bucket', folder: 'deep/down/live/' }],
  ])('of %s is the folder of the endpoint', (capture, place) => {
    expect(capturePlace({ endpoint: 'live', capture })).toEqual(place);
  });
});
