import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { deployStack, functionResource } from './lambda-stack.ts';

const PID = { 'index.js': 'exports.handler = async () => process.pid;' };

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Where nobody reaps orphans, one that has ended stays as a zombie.
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'));
};

describe('the processes of functions', () => {
  it('start with the first invocation and end with the cloud', async () => {
    const stack = await deployStack({ pid: PID }, { Pid: functionResource('pid') });
    const { payload } = await stack.cloud.lambda.invoke('pid', null);
    const pid = Number(payload);
    const before = isAlive(pid);

    await stack.close();

    expect(before).toBe(true);
    expect(isAlive(pid)).toBe(false);
  });

  it('find what those of an earlier cloud compiled, where clouds are given one folder for it', async () => {
    const compileCache = await mkdtemp(join(tmpdir(), 'compiled-'));
    const kept: string[][] = [];
    for (const _ of ['the first cloud', 'the second']) {
      const stack = await deployStack({ pid: PID }, { Pid: functionResource('pid') }, { options: { compileCache } });
      await stack.cloud.lambda.invoke('pid', null);
      await stack.close();
      kept.push((await readdir(compileCache, { recursive: true })).sort());
    }
    await rm(compileCache, { recursive: true, force: true });

    // By its path from the folder each file is the same file in both clouds: the second adds none.
    expect(kept[0]?.length).toBeGreaterThan(1);
    expect(kept[1]).toEqual(kept[0]);
  });

  it('end when the cloud’s process is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'killed-'));
    const helper = fileURLToPath(new URL('./lambda-stack.ts', import.meta.url));
    const program = join(folder, 'cloud.mjs');
    await writeFile(
      program,
      `import { deployStack, functionResource } from ${JSON.stringify(helper)};
      const stack = await deployStack({ pid: ${JSON.stringify(PID)} }, { Pid: functionResource('pid') }, { options: { directory: ${JSON.stringify(join(folder, 'cloud'))} } });
      const { payload } = await stack.cloud.lambda.invoke('pid', null);
      process.send(payload);`,
    );
    const cloud: ChildProcess = fork(program, [], { env: { ...process.env, TMPDIR: folder } });
    const [pid] = await once(cloud, 'message');
    const before = isAlive(Number(pid));

    cloud.kill('SIGKILL');
    await once(cloud, 'exit');

    expect(before).toBe(true);
    await expect.poll(() => isAlive(Number(pid)), { timeout: 60_000 }).toBe(false);
    await rm(folder, { recursive: true, force: true });
  });

  it('that are crashed fail what they run as AWS says, and leave the others alone', async () => {
    const endless =
      "exports.handler = async () => { console.log('at it'); await new Promise((end) => setTimeout(end, 60_000)); };";
    const stack = await deployStack(
      { endless: { 'index.js': endless }, pid: PID },
      { Endless: functionResource('endless'), Pid: functionResource('pid') },
    );
    const before = await stack.cloud.lambda.invoke('pid', null);
    const running = stack.cloud.lambda.invoke('endless', null);
    const isAtIt = () => stack.cloud.logs.read('/aws/lambda/endless').some(({ message }) => message.includes('at it'));
    await expect.poll(isAtIt, { timeout: 60_000 }).toBe(true);

    stack.cloud.lambda.crash('endless');
    stack.cloud.lambda.crash('pid');
    const crashed = await running;
    const after = await stack.cloud.lambda.invoke('pid', null);

    expect(crashed).toEqual({
      functionError: 'Unhandled',
      payload: {
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringMatching(
          /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed$/,
        ),
      },
    });
    expect(after).toEqual(before);
    expect(() => stack.cloud.lambda.crash('nobody')).toThrow('Function not found');
    await stack.close();
  });
});
