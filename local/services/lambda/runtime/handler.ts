import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { RuntimeError } from './failure.ts';

export type Handler = (event: unknown, context: object) => unknown;

// Since Node.js 22 the runtime loads every module with import(), trying these in turn. Source: the runtime's published
// source, github.com/aws/aws-lambda-nodejs-runtime-interface-client (documented).
const EXTENSIONS = ['', '.js', '.mjs', '.cjs'];

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

const memberOf = (value: unknown, name: string): unknown =>
  (typeof value === 'object' && value !== null) || typeof value === 'function' ? Reflect.get(value, name) : undefined;

const walk = (root: unknown, path: readonly string[]) => path.reduce(memberOf, root);

/**
 * Loads the function a handler string names: `path/to/module.member`.
 * @throws RuntimeError under the name AWS gives each failure; what the module itself throws passes.
 */
export const loadHandler = async (taskRoot: string, handler: string): Promise<Handler> => {
  const directory = dirname(handler);
  const [, moduleName, exportPath] = /^([^.]*)\.(.+)$/.exec(handler.slice(handler.lastIndexOf('/') + 1)) ?? [];
  if (moduleName === undefined || exportPath === undefined || handler.includes('..')) {
    throw new RuntimeError('Runtime.MalformedHandlerName', `Bad handler ${handler}`);
  }
  const loaded = await loadModule(taskRoot, directory, moduleName);
  const path = exportPath.split('.');
  // A CommonJS module that import() could not see through has its exports under `default`.
  const found = walk(loaded, path) ?? walk(memberOf(loaded, 'default'), path);
  if (found === undefined) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (typeof found !== 'function') throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is not a function`);
  if (found.length >= 3) {
    throw new RuntimeError(
      'Runtime.CallbackHandlerDeprecated',
      'The Node.js 24 runtime takes no callback handlers: a handler has at most two parameters and returns a promise',
    );
  }
  return (event, context) => Reflect.apply(found, undefined, [event, context]);
};

const loadModule = async (taskRoot: string, directory: string, name: string): Promise<unknown> => {
  const base = resolve(taskRoot, directory, name);
  try {
    for (const extension of EXTENSIONS) {
      if (isFile(base + extension)) return await import(pathToFileURL(base + extension).href);
    }
    const require = createRequire(join(taskRoot, 'index.js'));
    return require(require.resolve(name, { paths: [taskRoot, join(taskRoot, directory)] }));
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new RuntimeError('Runtime.UserCodeSyntaxError', String(cause), { cause });
    }
    const code = memberOf(cause, 'code');
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeError('Runtime.ImportModuleError', String(cause), { cause });
    }
    throw cause;
  }
};
