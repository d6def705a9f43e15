import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { describe, expect, it } from 'vitest';

const files = globSync('{functions,shared,events,local,cli,demo,bench,scripts}/**/*.ts');

/** The relative imports of a file, as paths from the root, and the packages it imports. */
const importsOf = (file: string) => {
  const text = readFileSync(file, 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  return {
    paths: specifiers.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(file), name))),
    packages: specifiers.filter((name) => !name.startsWith('.')),
  };
};

const within = (path: string, ...folders: string[]) => folders.some((folder) => path.startsWith(`${folder}/`));
const product = (path: string) => within(path, 'functions', 'shared', 'events');
const subject = (path: string) =>
  within(path, 'shared') && !within(path, 'shared/aws', 'shared/runtime') && path !== 'shared/errors.ts';

/** Every import that breaks a rule, as `file -> import`. */
const broken = (who: (file: string) => boolean, allowed: (path: string, file: string) => boolean) =>
  files.filter(who).flatMap((file) =>
    importsOf(file)
      .paths.filter((path) => !allowed(path, file))
      .map((path) => `${file} -> ${path}`),
  );

const breakingPackages = (who: (file: string) => boolean, forbidden: RegExp) =>
  files.filter(who).flatMap((file) =>
    importsOf(file)
      .packages.filter((name) => forbidden.test(name))
      .map((name) => `${file} -> ${name}`),
  );

describe('imports run one way', () => {
  it('reads the whole tree', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it('lets product code import product code only', () => {
    expect(broken(product, product)).toEqual([]);
  });

  it('keeps each function to itself', () => {
    const step = (path: string) => path.split('/')[1];
    expect(
      broken(
        (file) => within(file, 'functions'),
        (path, file) => !within(path, 'functions') || step(path) === step(file),
      ),
    ).toEqual([]);
  });

  it('lets subjects import subjects and errors only', () => {
    expect(broken(subject, (path) => subject(path) || path === 'shared/errors.ts')).toEqual([]);
  });

  it('lets errors import nothing, and events zod only', () => {
    expect(importsOf('shared/errors.ts')).toEqual({ paths: [], packages: [] });
    expect(
      broken(
        (file) => within(file, 'events'),
        (path) => within(path, 'events'),
      ),
    ).toEqual([]);
    expect(breakingPackages((file) => within(file, 'events'), /^(?!zod$)/)).toEqual([]);
  });

  it('lets the local cloud import no product code but the XGBoost formats, in its containers', () => {
    expect(
      broken(
        (file) => within(file, 'local'),
        (path, file) =>
          within(path, 'local') || (within(path, 'shared/xgboost') && within(file, 'local/containers/xgboost')),
      ).filter((line) => !line.endsWith('-> shared/errors.ts')),
    ).toEqual([]);
  });

  it('imports SDK clients in shared/aws only, middy in shared/runtime only', () => {
    expect(breakingPackages((file) => product(file) && !within(file, 'shared/aws'), /^@aws-sdk\//)).toEqual([]);
    expect(breakingPackages((file) => product(file) && !within(file, 'shared/runtime'), /^@middy\//)).toEqual([]);
  });

  it('reads the environment in shared/runtime only', () => {
    const readers = files.filter(
      (file) => product(file) && !within(file, 'shared/runtime') && readFileSync(file, 'utf8').includes('process.env'),
    );
    expect(readers).toEqual([]);
  });

  it('takes zod by name space, which is a fifth of its size in a bundle', () => {
    const others = files.filter((file) => /import\s*\{[^}]*\}\s*from 'zod'/.test(readFileSync(file, 'utf8')));
    expect(others).toEqual([]);
  });
});

describe('the local cloud', () => {
  it('knows nothing of the project it serves', () => {
    const knowing = globSync('local/**/*.{ts,json}').filter((file) =>
      /millrace|\bflights?\b|\bmr-/i.test(readFileSync(file, 'utf8')),
    );
    expect(knowing).toEqual([]);
  });
});
