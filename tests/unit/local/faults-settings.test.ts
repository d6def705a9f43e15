import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';

import { createCloud } from '../../../local/cloud.ts';
import { readFaults } from '../../../local/faults/file.ts';
import { checkFaults, FAULT_KINDS } from '../../../local/faults/settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());
const file = async (text: string) => {
  const path = join(folder, 'faults.yml');
  await writeFile(path, text);
  return path;
};

describe('fault settings', () => {
  it.each([
    ['a kind there is none of', { rules: [{ fault: 'throtle' }] }, 'faults: rules[0].fault: expected one of throttle'],
    ['no kind', { rules: [{ service: 's3' }] }, 'faults: rules[0].fault: expected one of throttle'],
    [
      'a selector of another kind',
      { rules: [{ fault: 'throttle' }, { fault: 'lose-event', operation: 'PutObject' }] },
      'faults: rules[1]: unknown operation; expected fault, name, nth',
    ],
    ['a setting there is none of', { sead: 1 }, 'faults: unknown sead; expected seed, rules'],
    [
      'a probability above one',
      { rules: [{ fault: 'throttle', probability: 3 }] },
      'faults: rules[0].probability: Too big: expected number to be <=1, found 3',
    ],
    [
      'a member that is missing',
      { rules: [{ fault: 'latency' }] },
      'faults: rules[0].delayMs: Invalid input: expected number, received undefined',
    ],
    ['a crash of nobody', { rules: [{ fault: 'crash', when: 'before' }] }, 'faults: rules[0].function: Invalid input'],
    [
      'a time that is none',
      { rules: [{ fault: 'throttle', between: { from: 'noon' } }] },
      'faults: rules[0].between.from: Invalid ISO datetime, found "noon"',
    ],
    [
      'rules that are no list',
      { rules: {} },
      'faults: rules: Invalid input: expected array, received object, found {}',
    ],
  ])('with %s are refused by path', (_, settings, message) => {
    expect(() => checkFaults(settings)).toThrow(message);
  });

  it('name all that is wrong at once', () => {
    const settings = { seed: 'x', rules: [{ fault: 'throttle', nth: 0 }] };

    expect(() => checkFaults(settings)).toThrow(/faults: seed: .*\nfaults: rules\[0\]\.nth: /);
  });
});

describe('a file of faults', () => {
  it('may be YAML or JSON', async () => {
    const yaml = await readFaults(await file('rules: [{ fault: throttle, nth: [1, 3] }]'));
    const json = await readFaults(await file('{"rules": [{"fault": "throttle", "nth": [1, 3]}]}'));

    expect(yaml.rules).toEqual([{ fault: 'throttle', nth: [1, 3] }]);
    expect(json).toEqual(yaml);
  });

  it('is refused by name, with the line of what is no YAML', async () => {
    const path = await file('seed: 1\nrules: [{ fault: throttle\n');

    await expect(readFaults(path)).rejects.toThrow(/faults\.yml: .*line 3/s);
    await expect(readFaults(join(folder, 'none.yml'))).rejects.toThrow('none.yml: cannot be read');
  });

  it('is taken from the environment, and comes back at a reset', async () => {
    vi.stubEnv('LOCAL_CLOUD_FAULTS', await file('seed: 5\nrules: [{ fault: throttle, service: s3 }]'));

    const cloud = await createCloud();
    const { seed } = cloud.faults.report();
    cloud.faults.set({});
    await cloud.reset();
    const { rules } = cloud.faults.report();
    await cloud.close();

    expect(seed).toBe(5);
    expect(rules.map(({ fault }) => fault)).toEqual(['throttle']);
  });

  it('starts no cloud when it has an error', async () => {
    const path = await file('rules: [{ fault: throttle, service: s4 }]');

    await expect(createCloud({ faults: path })).rejects.toThrow('rules[0].service: no service s4; there are s3, ');
    await expect(
      createCloud({ faults: { rules: [{ fault: 'error', service: 's3', operation: 'PutObjects' }] } }),
    ).rejects.toThrow('rules[0].operation: s3 has no operation PutObjects');
  });
});

describe('the guide', () => {
  it('shows an example that the cloud understands, and every kind there is', async () => {
    const guide = await readFile('docs/faults.md', 'utf8');
    const [, example = ''] = /```yaml\n(.*?)```/s.exec(guide) ?? [];

    const cloud = await createCloud({ faults: parse(example) });
    await cloud.close();

    expect(FAULT_KINDS.filter((kind) => !guide.includes(`\`${kind}\``))).toEqual([]);
  });
});
