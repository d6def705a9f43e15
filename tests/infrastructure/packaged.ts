import { existsSync, readFileSync } from 'node:fs';

/** The compiled template, as `npm run package` leaves it. */
const FILE = '.serverless/cloudformation-template-update-stack.json';

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

/** @throws Error when nothing is packaged: `npm test` packages first. */
export const packagedTemplate = (): { file: string; resources: Readonly<Record<string, Resource>> } => {
  if (!existsSync(FILE)) throw new Error(`${FILE} is not there: run npm run package`);
  const { Resources } = JSON.parse(readFileSync(FILE, 'utf8'));
  return { file: FILE, resources: Resources };
};

/** The resources of one type, by logical id. */
export const ofType = (type: string): [string, Record<string, unknown>][] =>
  Object.entries(packagedTemplate().resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => [id, resource.Properties]);

/** A value inside nested objects and lists, undefined where the way ends. */
export const at = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, step) => (inner === null || inner === undefined ? undefined : Object(inner)[step]),
    value,
  );
