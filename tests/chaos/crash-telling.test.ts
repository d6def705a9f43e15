/** One of the single faults by itself, for what its guard is worth: see tests/mutations. */
import { describe, expect, it } from 'vitest';

import { judge } from './judgement.ts';
import { casesOf, tellCleanly, tellWith } from './single-fault.ts';
import { STORIES } from './stories.ts';

describe('a launch that is killed after its request', () => {
  it('tells that training began, though the run is over by then', async () => {
    const clean = await tellCleanly(STORIES.first);
    const crashes = casesOf(clean, false).filter(({ name }) => name.endsWith('CreateTrainingJob'));

    const [crash] = crashes;
    if (crash?.fault.fault !== 'crash') throw new Error('no training was launched');
    const told = await tellWith(STORIES.first, crash.fault, clean.told);

    expect(crashes).toHaveLength(1);
    expect(crash.fault.when).toBe('after');
    expect(judge(crash.fault, clean.told, told)).toEqual([]);
  });
});
