import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { ServiceError } from '../../local/contracts.ts';
import { constraintsOf } from '../../local/requests/constraints.ts';
import { readInput, structure, text } from '../../local/services/parameters.ts';
import { behavioursIn, COVERAGE_FILE, coverageReport, ungradedIn } from '../../scripts/coverage.ts';
import { refusedMembers } from '../../scripts/refused-members.ts';

describe('local/COVERAGE.md', () => {
  it('is what npm run coverage:local writes of this code', async () => {
    const written = existsSync(COVERAGE_FILE) ? readFileSync(COVERAGE_FILE, 'utf8') : '';

    const report = await coverageReport();

    expect(written === report, 'local/COVERAGE.md is stale: npm run coverage:local').toBe(true);
  });

  it('lists every type of resource that the services make', async () => {
    const made = globSync('local/services/**/*.ts')
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/'(AWS::\w+::\w+)':/g)])
      .map(([, type = '']) => type);

    const report = await coverageReport();

    expect(made.length).toBeGreaterThan(20);
    expect(made.filter((type) => !report.includes(`\n- \`${type}\`: `))).toEqual([]);
  });

  it('lists every sentence of the code that names a page of AWS', () => {
    const ungraded = globSync('local/**/*.ts').flatMap((file) =>
      ungradedIn(readFileSync(file, 'utf8')).map((sentence) => `${file}: ${sentence}`),
    );

    expect(ungraded).toEqual([]);
  });

  it('names the operations that are refused, and the refused members of those that are served', async () => {
    const report = await coverageReport();

    const lineOf = (start: string) => report.split('\n').find((line) => line.startsWith(start)) ?? '';
    expect(lineOf('- CreateEndpointConfig: ').split(/[ ,]+/)).toEqual(
      expect.arrayContaining(['ShadowProductionVariants', 'ProductionVariants[].CoreDumpConfig']),
    );
    expect(lineOf('- PutEvents: ')).toBe('- PutEvents: Entries[].TraceHeader, EndpointId');
    expect(report).toMatch(/^Operations refused by name: .*\bCreateAutoMLJob, /m);
    expect(report).not.toMatch(/^Operations refused by name: .*\bCreateTrainingJob\b/m);
  });

  it('names the three grades of evidence with as many behaviours as it lists', async () => {
    const report = await coverageReport();

    const listed = (grade: string) => report.split('\n').filter((line) => line.startsWith(`- **${grade}**`)).length;
    const [, counted = []] = /\n((?:\| (?:recorded|documented|assumed) \|.*\n)+)/.exec(report) ?? [];
    expect(
      String(counted)
        .trim()
        .split('\n')
        .map((line) => line.split(' | ').slice(0, 2)),
    ).toEqual(['recorded', 'documented', 'assumed'].map((grade) => [`| ${grade}`, String(listed(grade))]));
  });
});

describe('the refused members of an operation', () => {
  const known = constraintsOf('sqs');

  it('are those of the model that it does not read', async () => {
    const reads = (members: Parameters<typeof structure>[0]) =>
      refusedMembers((input) => void readInput('DeleteMessage', structure(members), input), 'DeleteMessage', known);

    expect(await reads({ QueueUrl: text(), ReceiptHandle: text() })).toEqual([]);
    expect(await reads({ QueueUrl: text() })).toEqual(['ReceiptHandle']);
    expect(await reads({})).toEqual(['QueueUrl', 'ReceiptHandle']);
  });

  it('are not known of one that refuses before it has read them', async () => {
    const asked = refusedMembers(
      () => {
        throw new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
      },
      'DeleteMessage',
      known,
    );

    await expect(asked).rejects.toThrow('DeleteMessage was not read whole: The specified queue does not exist.');
  });
});

describe('a behaviour', () => {
  it('is a sentence of a comment that ends with its grade, over the ends of lines', () => {
    const source = [
      '// Nothing of this is graded. A queue forgets',
      '// after four days (CreateQueue, documented). *Assumed*: it does so at once.',
      'const a = 1;',
      '/** A bucket tells twice: README.md (recorded) */',
      '/**',
      ' * Of this nothing is known.',
      ' * @returns The first one (API_GetObject, documented)',
      ' */',
    ].join('\n');

    expect(behavioursIn(source)).toEqual([
      { grade: 'documented', sentence: 'A queue forgets after four days (CreateQueue, documented).' },
      { grade: 'assumed', sentence: '*Assumed*: it does so at once.' },
      { grade: 'recorded', sentence: 'A bucket tells twice: README.md (recorded)' },
      { grade: 'documented', sentence: 'The first one (API_GetObject, documented)' },
    ]);
  });

  it.each([
    ['// It is refused, with *assumed* words (API_X, documented).', 'assumed'],
    ['// What it answers was seen (recorded); when it does is on its page (API_X, documented).', 'documented'],
    ['// Recorded: it names the queue.', 'recorded'],
    ['// It keeps its state (documented: PutMetricAlarm), and no more.', 'documented'],
  ])('is known as well as the least of its parts: %s', (source, grade) => {
    expect(behavioursIn(source)).toMatchObject([{ grade }]);
  });

  it.each([
    '// It writes under a role it has assumed.',
    '// Whoever was recorded by it is kept.',
    '// arn:aws:sts::1:assumed-role/a',
  ])('is not found where the word means something else: %s', (source) => {
    expect(behavioursIn(source)).toEqual([]);
  });

  it('that names its page has a grade, and is told when it has not', () => {
    expect(ungradedIn('// A queue forgets after four days (API_CreateQueue, documented).')).toEqual([]);
    expect(ungradedIn('// A queue forgets after four days: API_CreateQueue.')).toEqual([
      'A queue forgets after four days: API_CreateQueue.',
    ]);
  });

  it('is not found in code', () => {
    expect(behavioursIn("const text = 'it is so (documented)';")).toEqual([]);
  });
});
