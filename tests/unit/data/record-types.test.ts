import { describe, expect, it } from 'vitest';

import { recordTypes } from '../../../shared/data/record-types.ts';
import type { RunInput } from '../../../shared/data/run-input.ts';

const size = { op: 'column', name: 'size' } as const;
const plain: RunInput['features'][number] = { name: 'size', kind: 'number', type: 'integer', expression: size };
const columnTypes = { size: 'integer', other: 'integer', late: 'boolean' } as const;

describe('the type of a record’s field', () => {
  it('is any number’s where the data had whole numbers and features read them as they are', () => {
    const types = recordTypes({ features: [plain], columnTypes });

    expect(types).toEqual({ size: 'number', other: 'integer', late: 'boolean' });
  });

  it.each<[string, Partial<Parameters<typeof recordTypes>[0]>]>([
    [
      'a feature computes with it',
      { features: [plain, { ...plain, name: 'more', expression: { op: '+', args: [size, size] } }] },
    ],
    ['it is a category', { features: [{ ...plain, kind: 'category' }] }],
    ['how frequent it is is learned', { features: [{ ...plain, kind: 'category', encoding: 'frequency' }] }],
    ['a key names rows by it', { joinKey: ['size'] }],
  ])('stays whole where %s', (_why, some) => {
    const types = recordTypes({ features: [plain], columnTypes, ...some });

    expect(types.size).toBe('integer');
  });
});
