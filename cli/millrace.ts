#!/usr/bin/env node
/** The millrace command: `npx millrace <verb> [--json]`, exit 0 yes, 1 no, 2 could not tell. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { printable } from './text-table.ts';
import { UsageError } from './verb.ts';
import { VERBS } from './verb-list.ts';

// Halves the start of every command but the first. Where the folder cannot be written, nothing is kept.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'millrace', 'compiled'));

const usage = () =>
  [
    'npx millrace <verb> [--stage dev] [--json]',
    '',
    ...Object.values(VERBS).map((verb) => `  ${verb.usage.padEnd(66)} ${verb.about}`),
    '',
    'try, profile, init, validate, prepare, rules, evaluate and gate need files alone. The others talk to the account and region the AWS SDK finds (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, …).',
    'Exit status: 0 yes, 1 no, 2 could not tell.',
  ].join('\n');

/** Names and messages may hold what others wrote: none of it commands the terminal. */
const shown = (text: string): string => text.split('\n').map(printable).join('\n');

const main = async (argv: readonly string[]): Promise<number> => {
  const [name, ...rest] = argv;
  const listed = Object.hasOwn(VERBS, name ?? '') ? VERBS[name ?? ''] : undefined;
  if (!listed) {
    if (name === '--help') console.log(usage());
    else console.error(name === undefined ? usage() : `no verb ${name}\n\n${usage()}`);
    return name === '--help' ? 0 : 2;
  }
  const text = { type: 'string' } as const;
  try {
    const verb = await listed.load();
    const { values, positionals } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        stage: { ...text, default: 'dev' },
        ...Object.fromEntries(verb.options.map((option) => [option, text])),
        ...Object.fromEntries((verb.switches ?? []).map((name) => [name, { type: 'boolean' } as const])),
      },
    });
    const { json, stage, ...others } = values;
    const options = Object.fromEntries(
      Object.entries(others).flatMap(([option, value]) => (typeof value === 'string' ? [[option, value]] : [])),
    );
    const switches = new Set(Object.entries(others).flatMap(([name, value]) => (value === true ? [name] : [])));
    const answer = await verb.run({
      place: async () => (await import('./place.ts')).findPlace(String(stage)),
      args: positionals,
      options,
      switches,
      now: new Date(),
      progress: (line) => console.error(shown(line)),
    });
    console.log(json ? JSON.stringify(answer.data, null, 2) : shown(answer.text));
    await answer.afterwards?.();
    return answer.exit;
  } catch (error) {
    const wrongUse =
      error instanceof UsageError ||
      (error instanceof TypeError && String(Object(error).code).startsWith('ERR_PARSE_ARGS'));
    console.error(error instanceof Error ? shown(error.message) : error);
    if (wrongUse) console.error(`usage: npx millrace ${listed.usage}`);
    return 2;
  }
};

process.exitCode = await main(process.argv.slice(2));
