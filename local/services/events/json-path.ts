import { type Json, ServiceError } from '../../contracts.ts';

type Step = { readonly member: string } | { readonly index: number } | 'each';

/** Reads a value out of an event; undefined when there is none. */
export type Lookup = (event: Json) => Json | undefined;

const STEP = /\.([A-Za-z0-9_/-]+)|\[(\d{1,9})\]|\['([^']+)'\]|\.\*|\[\*\]/y;

const parse = (path: string): Step[] | undefined => {
  if (!path.startsWith('$')) return undefined;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path);
    if (!found) return undefined;
    const [, dotted, index, quoted] = found;
    const member = dotted ?? quoted;
    if (member !== undefined) steps.push({ member });
    else steps.push(index === undefined ? 'each' : { index: Number(index) });
  }
  return steps;
};

const walk = (value: Json | undefined, steps: readonly Step[]): Json | undefined => {
  const [step, ...rest] = steps;
  if (step === undefined || value === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (step === 'each') {
    const found = Object.values(value).map((each) => walk(each, rest));
    return found.filter((each) => each !== undefined);
  }
  if ('index' in step) return Array.isArray(value) ? walk(value[step.index], rest) : undefined;
  if (Array.isArray(value) || !Object.hasOwn(value, step.member)) return undefined;
  return walk(value[step.member], rest);
};

/**
 * Compiles a JSON path of a target's input: `$`, `$.detail.name`, `$.resources[0]`, `$.detail.items[*].id`.
 * A path has dots, dashes, underscores, letters and digits, array indices, wildcards and slashes, and not all of JSON path:
 * EventBridge user guide, eb-transform-target-input (documented).
 * @param where Named in the refusal.
 * @throws ServiceError ValidationException for any other path.
 */
export const compileJsonPath = (path: string, where: string): Lookup => {
  const steps = parse(path);
  if (!steps) throw new ServiceError('ValidationException', `Invalid JSON path ${path} in ${where}.`);
  return (event) => walk(event, steps);
};
