/** `millrace try` as its users run it: a file, a label, and nothing else. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { randomStream } from '../../shared/evaluation/random.ts';

const CLI = join(import.meta.dirname, '../../cli/millrace.ts');
const LONGEST_MS = 180_000;

let folder: string;

/** Orders of a shop: whether one is sent back depends on its size and price, or on nothing. */
const orders = (isNoise: boolean): string => {
  const { uniform } = randomStream(9);
  const lines = Array.from({ length: 800 }, () => {
    const price = Math.round(uniform() * 20_000) / 100;
    const size = ['S', 'M', 'L'][Math.floor(uniform() * 3)] ?? '';
    const chance = isNoise ? 0.5 : size === 'L' && price > 80 ? 0.9 : 0.15;
    return `${price},${size},${uniform() < chance ? 'back' : 'kept'}`;
  });
  return `price,size,outcome\n${lines.join('\n')}\n`;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'try-'));
  await writeFile(join(folder, 'orders.csv'), orders(false));
  await writeFile(join(folder, 'noise.csv'), `# Orders that make no sense\n${orders(true)}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const settings = () => ({ cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, timeout: LONGEST_MS });

describe('millrace try', () => {
  it(
    'serves a model of a file, gives a line that calls it, and goes on until it is told to stop',
    async () => {
      const args = [CLI, 'try', 'orders.csv', '--label', 'outcome', '--packaged'];
      const child = spawn(process.execPath, args, { ...settings(), stdio: ['ignore', 'pipe', 'pipe'] });
      let [out, err] = ['', ''];
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
      const serving = new Promise<void>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          out += text;
          if (out.includes('Ctrl-C')) resolve();
        });
      });
      await Promise.race([serving, exited]);
      const line = out.split('\n').find((each) => each.startsWith('curl ')) ?? '';
      const called = await new Promise<string>((resolve) => {
        execFile('sh', ['-c', line], { timeout: LONGEST_MS }, (_, stdout) => resolve(stdout));
      });
      child.kill('SIGINT');
      const exit = await exited;
      const report = /report +(\S+)/.exec(out)?.[1] ?? '';

      expect(out, err).toMatch(/orders: promoted/);
      expect(out).toMatch(/roc_auc +0\.\d+ .* 0\.5/);
      expect(err).toMatch(/outcome is binary: two values/);
      expect(err).toMatch(/evaluate-model +evaluated/);
      expect(existsSync(join(folder, report))).toBe(true);
      expect(existsSync(join(folder, '.millrace/try/orders.yml'))).toBe(true);
      expect(line).toContain('--aws-sigv4');
      if (called === '') console.info('curl is not here: the line was not run');
      else expect(JSON.parse(called)).toMatchObject({ model: 'orders', score: expect.any(Number) });
      expect(exit).toBe(0);
    },
    LONGEST_MS,
  );

  it(
    'explains why nothing is served where nothing can be learned, and exits 1',
    async () => {
      const told = await new Promise<{ exit: number | null; out: string; err: string }>((resolve) => {
        const args = [CLI, 'try', 'noise.csv', '--label', 'outcome', '--once', '--json'];
        const child = execFile(process.execPath, args, settings(), (_, out, err) =>
          resolve({ exit: child.exitCode, out, err }),
        );
      });
      const said = JSON.parse(told.out);

      expect(told.exit, told.err).toBe(1);
      expect(said).toMatchObject({ problem: 'binary', accepted: true, decision: 'reject', served: false });
      expect(said.reasons.map(({ code }: { code: string }) => code)).toContain('not_better_than_trivial');
    },
    LONGEST_MS,
  );
});
