import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

import { realised } from './placeholders.ts';
import type { Client, Outcome } from './run-story.ts';

const lineSchema = z.union([
  z.strictObject({ answer: z.json() }),
  z.strictObject({
    refused: z.strictObject({ name: z.string(), message: z.string(), status: z.int().exactOptional() }),
  }),
  z.strictObject({ unsent: z.string() }),
]);

const imports = (module: string) => spawnSync('python3', ['-c', `import ${module}`]).status === 0;

/** What of AWS's Python tools is installed. */
export const pythonTools = (): { readonly boto3: boolean; readonly cli: boolean } => {
  const boto3 = imports('boto3');
  return { boto3, cli: boto3 && imports('awscli.clidriver') };
};

/** One Python process that sends requests, one after the other, through boto3 or the AWS CLI. */
export const startPython = (
  endpoint: string,
  region: string,
  folder: string,
  now: () => Date,
): { readonly boto3: Client; readonly cli: Client; close(): Promise<void> } => {
  const python: ChildProcessWithoutNullStreams = spawn(
    'python3',
    [join(import.meta.dirname, 'client.py'), endpoint, folder],
    {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    },
  );
  let errors = '';
  python.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: python.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const ended = new Promise<void>((resolve) => {
    python.on('close', (code) => {
      for (const each of waiting.splice(0)) each.reject(new Error(`Python ended with ${code}: ${errors}`));
      resolve();
    });
  });
  const ask = (request: object) =>
    new Promise<string>((resolve, reject) => {
      waiting.push({ resolve, reject });
      python.stdin.write(`${JSON.stringify(request)}\n`);
    });
  const client = (tool: 'boto3' | 'cli'): Client => ({
    tells: 'code',
    async send({ service, operation, params }): Promise<Outcome> {
      const real = realised<{ $base64: string } | { $time: string }>(params, now(), {
        bytes: (text) => ({ $base64: Buffer.from(text).toString('base64') }),
        time: (iso) => ({ $time: iso }),
      });
      const told = lineSchema.parse(JSON.parse(await ask({ tool, service, operation, params: real })));
      if ('unsent' in told) throw new Error(`${tool} did not send ${operation}: ${told.unsent}`);
      return told;
    },
  });
  return {
    boto3: client('boto3'),
    cli: client('cli'),
    async close() {
      python.stdin.end();
      await ended;
    },
  };
};
