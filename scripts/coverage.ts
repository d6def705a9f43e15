/**
 * `npm run coverage:local`: writes local/COVERAGE.md, which says what the local cloud serves, what it refuses, and on what
 * ground each of its behaviours stands. Everything in it is read from the code, its comments and the conformance cases.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createCloud } from '../local/cloud.ts';
import type { Cloud, Operation, Provisioner } from '../local/contracts.ts';
import { constraintsOf } from '../local/requests/constraints.ts';
import { modelsOfScope, servedOperations } from '../local/requests/served.ts';
import { createEvents } from '../local/services/events/service.ts';
import { createIam } from '../local/services/iam/service.ts';
import { createKms } from '../local/services/kms/service.ts';
import { createLambda } from '../local/services/lambda/service.ts';
import { createLogs } from '../local/services/logs/service.ts';
import { createMonitoring } from '../local/services/monitoring/service.ts';
import { createS3 } from '../local/services/s3/service.ts';
import { createSageMaker } from '../local/services/sagemaker/service.ts';
import { createSns } from '../local/services/sns/service.ts';
import { createSqs } from '../local/services/sqs/service.ts';
import { clientsOf } from '../tests/conformance/cases/sdk-client.ts';
import { readStories, SERVICES, type Story } from '../tests/conformance/cases/story.ts';
import { refusedMembers } from './refused-members.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where the report lies. */
export const COVERAGE_FILE = join(ROOT, 'local/COVERAGE.md');

const GRADES = ['recorded', 'documented', 'assumed'] as const;
export type Grade = (typeof GRADES)[number];

/** A sentence of a comment that says how AWS behaves, and how that is known. */
export interface Behaviour {
  readonly grade: Grade;
  readonly sentence: string;
}

/** The comments of a source, each as one text. Lines of `//` that follow each other are one comment. */
const commentsOf = (source: string): string[] => {
  const comments: string[] = [];
  let open: string[] | undefined;
  let inBlock = false;
  const close = () => {
    if (open) comments.push(open.join('\n'));
    open = undefined;
  };
  for (const line of source.split('\n')) {
    if (inBlock) {
      const end = line.indexOf('*/');
      open?.push((end < 0 ? line : line.slice(0, end)).replace(/^\s*\* ?/, ''));
      if (end >= 0) {
        inBlock = false;
        close();
      }
      continue;
    }
    const slashes = /^\s*\/\/ ?(.*)$/.exec(line);
    if (slashes) {
      open ??= [];
      open.push(slashes[1] ?? '');
      continue;
    }
    close();
    const block = /^\s*\/\*\*? ?(.*)$/.exec(line);
    const [, after = ''] = block ?? [];
    if (block && after.includes('*/')) comments.push(after.slice(0, after.indexOf('*/')));
    else if (block) {
      open = [after];
      inBlock = true;
    } else {
      // A comment behind code.
      const [, behind] = /[;,{)\]] \/\/ (.*)$/.exec(line) ?? [];
      if (behind !== undefined) comments.push(behind);
    }
  }
  close();
  return comments;
};

/** Sentences of a comment; a line of TSDoc's tags, of a list or after an empty one begins a new one. */
const sentencesOf = (comment: string): string[] =>
  comment
    .split(/\n(?=\s*@|\s*[-*] |\s*\n)/)
    .flatMap((part) =>
      part
        .replaceAll(/(\w-)\n\s*/g, '$1')
        .replaceAll(/\s+/g, ' ')
        .split(/(?<=[.!?][”"')]?) (?=[A-Z`"*“‘'(])/),
    )
    .map((sentence) => sentence.replace(/^\s*(?:@param \w+|@\w+|[-*]) /, '').trim())
    .filter((sentence) => sentence !== '');

/** A grade at the beginning of a sentence, in brackets, or as what the sentence says; not the word as such. */
const names = (sentence: string, grade: Grade): boolean =>
  new RegExp(
    `\\*${grade}\\*|^${grade}\\b[^.!?]|^${grade}\\.$|\\([^()]*\\b${grade}\\b[^()]*\\)|\\b${grade}\\)[.:;]?$|\\bis ${grade}[.:;]?$`,
    'i',
  ).test(sentence.replaceAll(/\[[^\]]*\]/g, ''));

/** One that is known in parts is known as well as the least of them. */
const gradeOf = (sentence: string): Grade | undefined => GRADES.findLast((grade) => names(sentence, grade));

/** What the comments of a source say of AWS, with grades. */
export const behavioursIn = (source: string): Behaviour[] =>
  commentsOf(source)
    .flatMap(sentencesOf)
    .flatMap((sentence) => {
      const grade = gradeOf(sentence);
      return grade ? [{ grade, sentence }] : [];
    });

/** A page of AWS's, as comments name it. */
const PAGE = /docs\.aws\.|\bAPI_[A-Z]\w+|\b[a-z][\w-]*\.md\b|\bAPI reference\b|\b(?:user|developer) guide\b/i;

/** Sentences that name a page of AWS and not what is known by it. */
export const ungradedIn = (source: string): string[] =>
  commentsOf(source)
    .flatMap(sentencesOf)
    .filter((sentence) => PAGE.test(sentence) && gradeOf(sentence) === undefined);

/** Operations of a service that the SDK knows. */
const knownOperations = (service: string): string[] =>
  clientsOf(service)
    .flatMap((client) => Object.getOwnPropertyNames(client.prototype))
    .filter((name) => !/^(?:constructor|paginate|waitUntil)/.test(name))
    .map((name) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`);

/** What the services of a cloud honour. */
interface Honoured {
  /** CloudFormation types, by service, with the properties honoured. */
  readonly types: ReadonlyMap<string, Readonly<Record<string, Provisioner>>>;
  /**
   * Members refused, by service and operation. Services that read HTTP themselves (S3, Lambda, SageMaker's runtime) are
   * not there: what they refuse are headers and parameters, and the models kept here name members only.
   */
  readonly refused: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

const refusedBy = async (scope: string, operations: Readonly<Record<string, Operation>>) => {
  const refused = new Map<string, readonly string[]>();
  for (const known of modelsOfScope(scope).map(constraintsOf)) {
    for (const name of known.operations.keys()) {
      const run = operations[name];
      if (run) refused.set(name, await refusedMembers(run, name, known));
    }
  }
  return refused;
};

const honoured = async (): Promise<Honoured> => {
  const local = await createCloud();
  const cloud: Cloud = { ...local, iam: local.iam, url: () => local.url };
  const services = [
    createS3(cloud).service,
    ...createSageMaker(cloud).services,
    createEvents(cloud).service,
    createSqs(cloud).service,
    createSns(cloud).service,
    createLogs(cloud).service,
    createMonitoring(cloud).service,
    createLambda(cloud).service,
    createKms(cloud).service,
    ...createIam(cloud, { services: () => [] }).services,
  ];
  const types = new Map<string, Record<string, Provisioner>>();
  for (const { scope, resources = {} } of services) types.set(scope, { ...types.get(scope), ...resources });
  const refused = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const { scope, api } of services)
    if (api.protocol !== 'rest' && Object.keys(api.operations).length > 0)
      refused.set(scope, await refusedBy(scope, api.operations));
  await Promise.all(services.map((service) => service.close?.()));
  await local.close();
  return { types, refused };
};

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

const tellableAt = (story: Story) =>
  story.on === 'local' ? ' (local only)' : story.on === 'spend' ? ' (costs money)' : '';

/** How often an operation is asked for in the stories of a service, and by which. */
const exercise = (operation: string, stories: readonly Story[]): string => {
  const using = stories.flatMap((story, index) => {
    const cases = story.cases.filter((each) => each.service === undefined && each.operation === operation);
    return cases.length > 0 ? [{ number: index + 1, cases }] : [];
  });
  const all = using.flatMap(({ cases }) => cases);
  const answered = all.filter((each) => each.answer !== undefined).length;
  return `| ${operation} | ${answered} | ${all.length - answered} | ${using.map(({ number }) => number).join(', ')} |`;
};

const typeList = (types: Readonly<Record<string, Provisioner>>): string[] =>
  Object.keys(types).length === 0
    ? []
    : [
        'CloudFormation, with the properties honoured; any other is refused by name:',
        Object.entries(types)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([type, { properties }]) => `- \`${type}\`: ${[...properties].sort().join(', ') || 'no properties'}`)
          .join('\n'),
      ];

const memberList = (refused: ReadonlyMap<string, readonly string[]> | undefined): string[] => {
  if (!refused) return ['It reads requests from HTTP itself; which members it refuses by name is not listed here.'];
  const some = [...refused].filter(([, members]) => members.length > 0);
  return some.length === 0
    ? ['Every member of these operations that AWS models is honoured.']
    : [
        'Members refused by name, of operations that are served:',
        some.map(([operation, members]) => `- ${operation}: ${members.join(', ')}`).join('\n'),
      ];
};

const serviceSection = (service: string, operations: readonly string[], { types, refused }: Honoured): string => {
  const stories = readStories(service);
  const known = knownOperations(service);
  // Names of the SDK's methods differ from operations in nothing but the first letter.
  const unserved = known.filter((name) => !operations.includes(name)).sort();
  return [
    `## ${service}`,
    `${count(operations.length, 'operation')} served, ${unserved.length} refused by name. Cases that are answered, cases that are refused, and the stories they stand in (\`tests/conformance/cases/${service}.yml\`):`,
    [
      '| operation | answered | refused | stories |',
      '| --- | --- | --- | --- |',
      ...operations.map((name) => exercise(name, stories)),
    ].join('\n'),
    stories.map((story, index) => `${index + 1}. ${story.story}: ${story.grade}${tellableAt(story)}`).join('\n'),
    ...(unserved.length === 0 ? [] : [`Operations refused by name: ${unserved.join(', ')}.`]),
    ...memberList(refused.get(service)),
    ...typeList(types.get(service) ?? {}),
  ].join('\n\n');
};

/** A service that a template can have things of, and that answers no requests. */
const silentSection = (service: string, types: Readonly<Record<string, Provisioner>>): string =>
  [`## ${service}`, 'No operation is served: every request is refused by name.', ...typeList(types)].join('\n\n');

/** The report, the same for the same code. */
export const coverageReport = async (): Promise<string> => {
  const offered = await honoured();
  const served = new Map(servedOperations());
  const files = globSync('local/**/*.ts', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .map((file) => ({ file, behaviours: behavioursIn(readFileSync(join(ROOT, file), 'utf8')) }))
    .filter(({ behaviours }) => behaviours.length > 0);
  const all = files.flatMap(({ behaviours }) => behaviours);
  const cases = SERVICES.flatMap((service) =>
    readStories(service).flatMap((story) => story.cases.map((each) => each.grade ?? story.grade)),
  );
  const totals = GRADES.map(
    (grade) =>
      `| ${grade} | ${all.filter((each) => each.grade === grade).length} | ${cases.filter((each) => each === grade).length} |`,
  );
  const parts = [
    '# What the local cloud covers',
    'Written by `npm run coverage:local` from the code, its comments and the conformance cases; a test fails when it is stale.',
    'Anything that is not here is refused by name: operations, parameters, pattern operators, target types, template properties. Each behaviour has a grade: **recorded**, AWS was seen to do so; **documented**, a page of AWS says so; **assumed**, neither, or only in part.',
    [
      '| grade | behaviours | conformance cases |',
      '| --- | --- | --- |',
      ...totals,
      `| in all | ${all.length} | ${cases.length} |`,
    ].join('\n'),
    '# Operations and resources',
    ...SERVICES.map((service) => serviceSection(service, served.get(service) ?? [], offered)),
    ...[...offered.types]
      .filter(([service]) => !SERVICES.some((told) => told === service))
      .map(([service, ownTypes]) => silentSection(service, ownTypes)),
    '# Behaviours',
    'By file, with the sentence that states each and its source; addresses without a host are pages of docs.aws.amazon.com.',
    ...files.map(({ file, behaviours }) =>
      [
        `## ${file.replace(/^local\//, '')}`,
        behaviours.map(({ grade, sentence }) => `- **${grade}**: ${sentence}`).join('\n'),
      ].join('\n\n'),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = await coverageReport();
  writeFileSync(COVERAGE_FILE, report);
  process.stdout.write(`wrote local/COVERAGE.md: ${Math.ceil(report.length / 1024)} KB\n`);
}
