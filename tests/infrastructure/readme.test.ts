import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { VERBS } from '../../cli/verb-list.ts';
import * as catalogue from '../../events/index.ts';

const readme = readFileSync('README.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const shell = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '').join('\n');

describe('the README', () => {
  it('has one command line that sets up and plays, and one that sets up and tests', () => {
    expect(shell).toContain('npm ci && npm start\n');
    expect(shell).toContain('npm ci && npm test\n');
    // The story itself is run by tests/loop/story.test.ts, which is what npm start runs after packaging.
    expect(scripts.start).toBe('npm run -s package && node demo/story.ts');
    expect(readFileSync('.ci/run', 'utf8')).toMatch(/npm ci .*\n(.*\n)*npm test /);
  });

  it('names npm scripts and verbs that exist', () => {
    const npm = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map((match) => match[1] ?? '');
    expect(npm.filter((name) => !['ci', 'package'].includes(name) && !(name in scripts))).toEqual([]);
    const verbs = [...readme.matchAll(/npx millrace ([a-z]+)/g)].map((match) => match[1] ?? '');
    expect(verbs.length).toBeGreaterThan(4);
    expect(verbs.filter((verb) => !Object.hasOwn(VERBS, verb))).toEqual([]);
  });

  it('links to what is there', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });

  it('lists every event', () => {
    const own = Object.values(catalogue).filter(({ source }) => source === 'millrace');
    expect(own.filter(({ detailType }) => !readme.includes(`| \`${detailType}\` |`))).toEqual([]);
  });

  it('names every top-level folder', () => {
    for (const folder of [
      'models',
      'functions',
      'events',
      'shared',
      'infrastructure',
      'local',
      'cli',
      'demo',
      'bench',
    ]) {
      expect(readme).toContain(`${folder}/`);
    }
  });
});
