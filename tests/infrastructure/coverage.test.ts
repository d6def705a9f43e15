import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { behavioursIn, COVERAGE_FILE, coverageReport } from '../../scripts/coverage.ts';

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

  it('that is assumed in part is assumed', () => {
    expect(behavioursIn('// It is refused, with *assumed* words (API_X, documented).')).toMatchObject([
      { grade: 'assumed' },
    ]);
  });

  it('is not found in code', () => {
    expect(behavioursIn("const text = 'it is so (documented)';")).toEqual([]);
  });
});
