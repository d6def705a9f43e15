import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../local/contracts.ts';
import { compileService } from '../../../local/requests/compile.ts';
import { constraintsOf, type ScalarLine, type ServiceConstraints } from '../../../local/requests/constraints.ts';
import { javaPattern } from '../../../local/requests/java-pattern.ts';
import { modelsOfScope, servedOperations } from '../../../local/requests/served.ts';
import fc from '../../fast-check.ts';

/** Texts of many kinds: a value with a pattern is one of those that match. */
const TEXTS = [
  'a',
  'Abc-1',
  'name-of-something',
  'image:1',
  'a/b',
  '123456789012',
  '7',
  '1.0',
  '1.0.0',
  's3://bucket/key',
  'https://host/path',
  'file.json',
  '$LATEST',
  '$.a',
  'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  'eu-west-1',
  'fs-0123456789',
  '/aws/lambda/function',
  'arn:aws:iam::123456789012:role/name',
  'arn:aws:lambda:eu-west-1:123456789012:function:name',
  'arn:aws:sqs:eu-west-1:123456789012:name',
  'arn:aws:sns:eu-west-1:123456789012:name',
  'arn:aws:events:eu-west-1:123456789012:event-bus/name',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:name',
  ...['model', 'model-package/g/1', 'model-package-group/g', 'training-plan/p', 'mlflow-app/m', 'endpoint/e', 'x'].map(
    (rest) => `arn:aws:sagemaker:eu-west-1:123456789012:${rest}`,
  ),
  'arn:aws:sagemaker:eu-west-1:123456789012:training-job/name',
  'arn:aws:sagemaker:eu-west-1:aws:hub-content/hub/Model/name/1.0.0',
  'arn:aws:sagemaker:eu-west-1:aws:hub-content/hub/DataSet/name/1.0.0',
];
const DEPTH = 6;

const allows = (line: ScalarLine, text: string) =>
  (line.pattern === undefined || javaPattern(line.pattern).test(text)) &&
  text.length >= (line.min ?? 0) &&
  text.length <= (line.max ?? Number.POSITIVE_INFINITY);

/** Values that a shape's own constraints allow; undefined where this test knows no text for a pattern. */
const validOf = (constraints: ServiceConstraints, name: string, depth: number): fc.Arbitrary<Json> | undefined => {
  const line = constraints.shapes.get(name) ?? ({ shape: name, type: name } as ScalarLine);
  if (depth > DEPTH) return undefined;
  const inner = (target: string) => validOf(constraints, target, depth + 1);
  if (line.type === 'structure') {
    const required = line.required ?? [];
    const members: Record<string, fc.Arbitrary<Json>> = {};
    for (const [member, target] of Object.entries(line.members)) {
      const value = inner(target);
      if (value) members[member] = value;
      else if (required.includes(member)) return undefined;
    }
    if (line.union)
      return fc.oneof(
        ...Object.entries(members).map(([member, value]) => value.map((one): Json => ({ [member]: one }))),
      );
    return fc.record(members, { requiredKeys: [...required] }) as fc.Arbitrary<Json>;
  }
  const { min = 0 } = line;
  if (line.type === 'list' || line.type === 'map') {
    const most = Math.min(line.max ?? min + 2, min + 2);
    if (line.type === 'list') {
      const item = inner(line.member);
      if (!item) return min === 0 ? fc.constant<Json>([]) : undefined;
      return fc.array(item, { minLength: min, maxLength: most });
    }
    const [key, value] = [inner(line.key), inner(line.value)];
    if (!key || !value) return min === 0 ? fc.constant<Json>({}) : undefined;
    return fc.dictionary(key as fc.Arbitrary<string>, value, { minKeys: min, maxKeys: most, noNullPrototype: true });
  }
  const most = line.max ?? min + 10;
  switch (line.type) {
    case 'string': {
      if (line.enum) return fc.constantFrom(...line.enum);
      if (line.pattern === undefined) return fc.string({ minLength: min, maxLength: Math.min(most, min + 10) });
      const texts = TEXTS.filter((text) => allows(line, text));
      return texts.length === 0 ? undefined : fc.constantFrom(...texts);
    }
    case 'integer':
    case 'long':
      return fc.integer({ min, max: Math.min(most, min + 1000) });
    case 'float':
    case 'double':
      return fc.double({ min, max: most, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'timestamp':
      return fc.integer({ min: 0, max: 2_000_000_000 });
    case 'blob':
      return fc
        .uint8Array({ minLength: min, maxLength: Math.min(most, min + 10) })
        .map((bytes) => Buffer.from(bytes).toString('base64'));
    default:
      return fc.jsonValue() as fc.Arbitrary<Json>;
  }
};

interface Mutation {
  /** Where the checker has to point. */
  readonly path: string;
  readonly what: string;
  /** The whole request, with one thing wrong. */
  readonly params: Json;
}

const replaced = (value: Json, path: readonly (string | number)[], change: (old: Json) => Json): Json => {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? replaced(item, rest, change) : item));
  const object = value as JsonObject;
  return { ...object, [step]: replaced(object[step] ?? null, rest, change) };
};

/** Every way to break one constraint of one value in a valid request. */
const mutationsOf = (constraints: ServiceConstraints, root: string, params: Json): readonly Mutation[] => {
  const mutations: Mutation[] = [];
  const visit = (name: string, value: Json, at: readonly (string | number)[], owner: readonly (string | number)[]) => {
    const line = constraints.shapes.get(name) ?? ({ shape: name, type: name } as ScalarLine);
    const told = (path: readonly (string | number)[]) =>
      path.map((step) => (typeof step === 'number' ? step + 1 : step)).join('.');
    const put = (what: string, bad: Json, path = owner) =>
      mutations.push({ what: `${what} of ${name}`, path: told(path), params: replaced(params, at, () => bad) });
    const object = value as JsonObject;
    if (line.type === 'structure') {
      for (const member of line.required ?? []) {
        const { [member]: _, ...rest } = object;
        put(`${member} is missing`, rest, [...at, member]);
      }
      if (!line.union) put('unknown member', { ...object, Unheard: 1 }, [...at, 'Unheard']);
      if (at.length > 0) put('type', 5, at);
      for (const [member, target] of Object.entries(line.members))
        if (object[member] !== undefined) visit(target, object[member], [...at, member], [...at, member]);
      return;
    }
    const isScalar = (target: string) => {
      const type = constraints.shapes.get(target)?.type;
      return type !== 'structure' && type !== 'list' && type !== 'map';
    };
    if (line.type === 'list') {
      const items = value as Json[];
      const [first] = items;
      put('type', 'text', at);
      if (line.min !== undefined && line.min > 0) put('too few', items.slice(0, line.min - 1), at);
      if (line.max !== undefined && line.max < 200 && first !== undefined)
        put(
          'too many',
          Array.from({ length: line.max + 1 }, () => first),
          at,
        );
      for (const [index, item] of items.entries())
        visit(line.member, item, [...at, index], isScalar(line.member) ? at : [...at, index]);
      return;
    }
    if (line.type === 'map') {
      put('type', 'text', at);
      for (const [key, item] of Object.entries(object))
        visit(line.value, item, [...at, key], isScalar(line.value) ? at : [...at, key]);
      return;
    }
    if (line.type === 'document') return;
    // What has the wrong type is named itself, not by the list it is in.
    put('type', line.type === 'blob' ? 'no base64!' : [], at);
    const { min, max } = line;
    if (line.type === 'string') {
      if (line.enum) put('enum', `${line.enum[0]}!`);
      if (min !== undefined && min > 0) put('too short', '');
      if (max !== undefined && max < 5000) put('too long', 'a'.repeat(max + 1));
      const stranger =
        line.pattern === undefined ? undefined : ['\u0000 \n', 'é'].find((text) => !allows({ ...line, min: 0 }, text));
      if (stranger !== undefined) put('pattern', stranger);
    } else if (line.type === 'integer' || line.type === 'long' || line.type === 'double' || line.type === 'float') {
      if (min !== undefined) put('too small', min - 1);
      if (max !== undefined && max < 2 ** 31 - 1) put('too large', max + 1);
    }
  };
  visit(root, params, [], []);
  return mutations;
};

const operations = servedOperations().flatMap(([scope, names]) =>
  modelsOfScope(scope).flatMap((service) =>
    names.filter((name) => constraintsOf(service).operations.has(name)).map((name) => ({ service, name })),
  ),
);
const OPTIONS = { carrier: 'typed', whole: true } as const;

const requests = operations.flatMap(({ service, name }) => {
  const constraints = constraintsOf(service);
  const input = constraints.operations.get(name);
  const valid = input === undefined ? undefined : validOf(constraints, input, 0);
  return input === undefined || !valid ? [] : [{ service, name, input, valid }];
});
const anyRequest = fc
  .constantFrom(...requests)
  .chain(({ service, name, input, valid }) => valid.map((params) => ({ service, name, input, params })));
const compiled = new Map(operations.map(({ service }) => [service, compileService(constraintsOf(service))]));

describe('a request drawn from its own constraints', () => {
  it('exists for nearly every operation', () => {
    const without = operations.filter(({ name }) => !requests.some((request) => request.name === name));

    // Those without input have nothing to draw.
    const inputless = without.filter(({ service, name }) => constraintsOf(service).operations.get(name) === undefined);
    expect(without.map(({ name }) => name)).toEqual(inputless.map(({ name }) => name));
    expect(requests.length).toBeGreaterThan(120);
  });

  it('passes', () => {
    fc.assert(
      fc.property(anyRequest, ({ service, name, params }) => {
        expect(compiled.get(service)?.check(name, params as JsonObject, OPTIONS)).toEqual({
          unknown: [],
          violations: [],
        });
      }),
      { numRuns: 400 },
    );
  });

  it('is refused, by the name of the member, when any one constraint is broken', () => {
    let broken = 0;
    fc.assert(
      fc.property(anyRequest, ({ service, name, input, params }) => {
        for (const mutation of mutationsOf(constraintsOf(service), input, params)) {
          const findings = compiled.get(service)?.check(name, mutation.params as JsonObject, OPTIONS);

          const named = [
            ...(findings?.mismatch ? [findings.mismatch.modelPath] : []),
            ...(findings?.unknown ?? []),
            ...(findings?.violations ?? []).map(({ modelPath }) => modelPath),
          ];
          expect(named, `${service}.${name}: ${mutation.what}`).toContain(mutation.path);
          broken += 1;
        }
      }),
      { numRuns: 100 },
    );
    expect(broken).toBeGreaterThan(1000);
  });
});
