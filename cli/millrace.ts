#!/usr/bin/env node
/** The millrace command: `npx millrace <verb> [--json]`, exit 0 yes, 1 no, 2 could not tell. */
import { parseArgs } from 'node:util';

import { findPlace } from './place.ts';
import { UsageError, type Verb } from './verb.ts';
import { approve, reject } from './verbs/approve.ts';
import { evaluate } from './verbs/evaluate.ts';
import { gate } from './verbs/gate.ts';
import { publish } from './verbs/publish.ts';
import { redrive } from './verbs/redrive.ts';
import { report } from './verbs/report.ts';
import { retire } from './verbs/retire.ts';
import { rollback } from './verbs/rollback.ts';
import { run } from './verbs/run.ts';
import { status } from './verbs/status.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  publish,
  run,
  status,
  report,
  approve,
  reject,
  rollback,
  retire,
  redrive,
  evaluate,
  gate,
};

const usage = () =>
  [
    'npx millrace <verb> [--stage dev] [--json]',
    '',
    ...Object.values(VERBS).map((verb) => `  ${verb.usage.padEnd(64)} ${verb.about}`),
    '',
    'evaluate and gate read files alone. The others talk to the account and region the AWS SDK finds (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, …).',
    'Exit status: 0 yes, 1 no, 2 could not tell.',
  ].join('\n');

const main = async (argv: readonly string[]): Promise<number> => {
  const [name, ...rest] = argv;
  const verb = VERBS[name ?? ''];
  if (!verb) {
    if (name === '--help') console.log(usage());
    else console.error(name === undefined ? usage() : `no verb ${name}\n\n${usage()}`);
    return name === '--help' ? 0 : 2;
  }
  const text = { type: 'string' } as const;
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        stage: { ...text, default: 'dev' },
        ...Object.fromEntries(verb.options.map((option) => [option, text])),
      },
    });
    const { json, stage, ...options } = values;
    const given = Object.fromEntries(
      Object.entries(options).map(([option, value]) => [option, value === undefined ? undefined : String(value)]),
    );
    const answer = await verb.run({
      place: () => findPlace(String(stage)),
      args: positionals,
      options: given,
      now: new Date(),
    });
    console.log(json ? JSON.stringify(answer.data, null, 2) : answer.text);
    return answer.exit;
  } catch (error) {
    const wrongUse =
      error instanceof UsageError ||
      (error instanceof TypeError && String(Object(error).code).startsWith('ERR_PARSE_ARGS'));
    console.error(error instanceof Error ? error.message : error);
    if (wrongUse) console.error(`usage: npx millrace ${verb.usage}`);
    return 2;
  }
};

process.exitCode = await main(process.argv.slice(2));
