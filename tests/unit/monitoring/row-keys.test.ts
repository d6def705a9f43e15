import { describe, expect, it } from 'vitest';

import { keyNamer } from '../../../shared/monitoring/row-keys.ts';

const TYPES = {
  sent: 'timestamp',
  carrier: 'string',
  weight: 'number',
  pieces: 'integer',
  fragile: 'boolean',
} as const;
const KEY = ['sent', 'carrier', 'weight', 'pieces', 'fragile'];
const nameOf = keyNamer(KEY, TYPES);

const RECORD = { sent: '2001-01-25T10:15:00Z', carrier: 'NA', weight: 1.5, pieces: 2, fragile: true };

describe("a row's key", () => {
  it('has one name, whether the row comes as JSON or as text', () => {
    const text = { sent: '2001-01-25T10:15:00.000Z', carrier: 'NA', weight: '1.50', pieces: ' 2', fragile: 'TRUE' };

    const [json, csv] = nameOf([RECORD, { ...text, delay: '7' }]);

    expect(json).toMatch(/^[0-9a-f]{16}$/);
    expect(csv).toBe(json);
  });

  it('has another name with another value, and with a missing one', () => {
    const others = [{ carrier: 'nb' }, { carrier: null }, { weight: 1.25 }, { fragile: false }, { carrier: '' }];

    const [first, ...names] = nameOf([RECORD, ...others.map((other) => ({ ...RECORD, ...other }))]);

    expect(new Set([first, ...names]).size).toBe(5);
    // An empty text is what CSV has for a missing value.
    expect(names[4]).toBe(names[1]);
  });

  it('is that of a missing value where what stands for it is sent', () => {
    const named = keyNamer(KEY, TYPES, { weight: [-1], carrier: ['NA'] });

    const [nothing, text, json] = named([
      { ...RECORD, weight: null, carrier: null },
      { ...RECORD, weight: ' -1.0', carrier: 'NA' },
      { ...RECORD, weight: -1, carrier: '' },
    ]);

    expect(nothing).toMatch(/^[0-9a-f]{16}$/);
    expect([text, json]).toEqual([nothing, nothing]);
  });

  it('has none where a column is not there, or its value is of another type', () => {
    const { carrier: _, ...without } = RECORD;

    expect(nameOf([without, { ...RECORD, weight: 'heavy' }, { ...RECORD, sent: 'soon' }])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
