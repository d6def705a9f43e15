import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { readPlatform } from '../../../cli/platform.ts';
import { readPublications } from '../../../cli/verbs/publish.ts';
import { DefinitionError, readDefinition } from '../../../shared/definition/read.ts';
import { ConfigError } from '../../../shared/errors.ts';

const definition = (monitoring: string, rest = '') => `problem: binary
data: { label: { name: late, sql: delay > 15 }, key: [id], features: [load] }
monitoring: ${monitoring}
${rest}`;

const read = (yaml: string, predictionsKeptDays: number) =>
  readDefinition(yaml, 'models/flight-delay.yml', { predictionsKeptDays });

/** A folder that is gone after the test, with files. */
const folderWith = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'kept-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
};

describe('predictions that expire before their labels come', () => {
  it('are refused where the delay stands, and what to raise is said', () => {
    expect(() => read(definition('{ window: 7d, quality: { label_delay: 200d } }'), 400)).toThrow(
      'models/flight-delay.yml:3:51 monitoring.quality.label_delay: found "200d", expected at most 196d, for predictions ' +
        'are kept for 400 days (predictionsKeptDays in platform.yml) and must outlast twice the delay and a window; fix: ' +
        'raise predictionsKeptDays to 407 or more, and deploy, or shorten the delay',
    );
  });

  it.each([
    ['are kept just so long', '{ window: 7d, quality: { label_delay: 200d } }', 407],
    ['nobody measures quality', '{ window: 7d, quality: null }', 1],
    ['the delay is the usual one', '{}', 3],
  ])('are not what is found where %s', (_what, monitoring, keptDays) => {
    expect(() => read(definition(monitoring), keptDays)).not.toThrow();
  });

  it('are refused one day short of it, and where the delay is the usual one', () => {
    expect(() => read(definition('{ window: 7d, quality: { label_delay: 200d } }'), 406)).toThrow(DefinitionError);
    expect(() => read(definition('{}'), 2)).toThrow('raise predictionsKeptDays to 3 or more');
  });

  it('are not looked for where nothing is deployed: no platform is named', () => {
    expect(() => readDefinition(definition('{ quality: { label_delay: 3000d } }'), 'models/a.yml')).not.toThrow();
  });

  it('are refused among all that is packaged or published, by file', async () => {
    const folder = await folderWith({
      'platform.yml': 'region: eu-west-1\npredictionsKeptDays: 30\n',
      'a.yml': definition('{ quality: { label_delay: 20d } }'),
      'b.yml': definition('{ quality: { label_delay: 2d } }'),
    });

    const platform = await readPlatform(join(folder, 'platform.yml'));

    const files = ['a.yml', 'b.yml'].map((name) => join(folder, name));
    const refused = await readPublications(files, platform).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DefinitionError);
    expect(Object(refused).problems).toMatchObject([{ file: files[0], path: 'monitoring.quality.label_delay' }]);
  });
});

describe('the settings of the platform', () => {
  it('are those that are deployed here', async () => {
    expect((await readPlatform())?.predictionsKeptDays).toBeGreaterThan(0);
  });

  it('are unknown where there is no such file, and wrong where one is missing or no number', async () => {
    const folder = await folderWith({ 'none.yml': 'region: a\n', 'text.yml': 'predictionsKeptDays: many\n' });

    expect(await readPlatform(join(folder, 'absent.yml'))).toBeUndefined();
    await expect(readPlatform(join(folder, 'none.yml'))).rejects.toThrow(ConfigError);
    await expect(readPlatform(join(folder, 'text.yml'))).rejects.toThrow('predictionsKeptDays');
  });
});
