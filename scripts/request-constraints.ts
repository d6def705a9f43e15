/**
 * Writes what AWS's service models demand of the requests of every operation that the local cloud serves to
 * `local/requests/constraints/`: `npm run constraints -- DIRECTORY`, the `data` folder of an installed botocore.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { ConstraintLine, Protocol, ShapeLine } from '../local/requests/constraints.ts';
import { CONSTRAINTS_FOLDER, modelsOfScope, servedOperations } from '../local/requests/served.ts';

interface ModelShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly required?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly union?: boolean;
  readonly document?: boolean;
  readonly sensitive?: boolean;
}

interface Model {
  readonly metadata: { readonly protocol: string };
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, ModelShape>>;
}

const readModel = (data: string, service: string): Model => {
  const version = readdirSync(join(data, service)).sort().at(-1);
  if (version === undefined) throw new Error(`${join(data, service)} is empty`);
  return JSON.parse(gunzipSync(readFileSync(join(data, service, version, 'service-2.json.gz'))).toString()) as Model;
};

const protocolOf = (text: string): Protocol => {
  // CloudWatch's model names CBOR first; its operations are the same in each of its protocols.
  if (text === 'json' || text === 'smithy-rpc-v2-cbor') return 'json';
  if (text === 'query' || text === 'rest-json' || text === 'rest-xml') return text;
  throw new Error(`the protocol ${text} is unknown here`);
};

const SCALARS = new Set(['string', 'integer', 'long', 'float', 'double', 'boolean', 'timestamp', 'blob']);

/** The lines of one service: its operations, then the shapes these reach, each once. */
const linesOf = (service: string, operations: readonly string[], model: Model, version: string): string[] => {
  const reached = new Map<string, ShapeLine>();
  const shapeOf = (name: string): ModelShape => {
    const shape = model.shapes[name];
    if (!shape) throw new Error(`${service} has no shape ${name}`);
    return shape;
  };
  const limitsOf = ({ min, max, pattern, enum: values, sensitive }: ModelShape) => ({
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(pattern !== undefined && { pattern }),
    ...(values !== undefined && { enum: values }),
    ...(sensitive === true && { sensitive: true as const }),
  });
  /** The name by which a shape is referred to: a scalar without constraints goes by its type. */
  const reach = (name: string): string => {
    const shape = shapeOf(name);
    if (shape.document === true) return 'document';
    const limits = limitsOf(shape);
    if (SCALARS.has(shape.type) && Object.keys(limits).length === 0) return shape.type;
    if (SCALARS.has(name) || name === 'document') throw new Error(`${service}'s shape ${name} is named as a type is`);
    if (reached.has(name)) return name;
    if (SCALARS.has(shape.type)) {
      reached.set(name, { shape: name, type: shape.type as 'string', ...limits });
      return name;
    }
    // Before its members: a structure may hold itself.
    reached.set(name, { shape: name, type: 'structure', members: {} });
    if (shape.type === 'structure') {
      const members = Object.fromEntries(
        Object.entries(shape.members ?? {}).map(([member, { shape: target }]) => [member, reach(target)]),
      );
      reached.set(name, {
        shape: name,
        type: 'structure',
        ...(shape.required !== undefined && shape.required.length > 0 && { required: shape.required }),
        ...(shape.union === true && { union: true }),
        members,
      });
    } else if (shape.type === 'list' && shape.member) {
      reached.set(name, { shape: name, type: 'list', ...limits, member: reach(shape.member.shape) });
    } else if (shape.type === 'map' && shape.key && shape.value) {
      reached.set(name, {
        shape: name,
        type: 'map',
        ...limits,
        key: reach(shape.key.shape),
        value: reach(shape.value.shape),
      });
    } else throw new Error(`${service}'s shape ${name} has the unknown type ${shape.type}`);
    return name;
  };

  const header: ConstraintLine = { service, protocol: protocolOf(model.metadata.protocol), botocore: version };
  const inputs = operations.map((operation): ConstraintLine => {
    const found = model.operations[operation];
    if (!found) throw new Error(`${service}'s model has no operation ${operation}`);
    return { operation, ...(found.input && { input: reach(found.input.shape) }) };
  });
  const shapes = [...reached.values()].sort((a, b) => (a.shape < b.shape ? -1 : 1));
  return [header, ...inputs, ...shapes].map((line) => JSON.stringify(line));
};

const data = process.argv[2];
if (data === undefined) {
  process.stderr.write('usage: npm run constraints -- DIRECTORY, the folder "data" of an installed botocore\n');
  process.exit(2);
}
// `data` lies in the package, whose `__init__.py` names the version.
const version = /__version__ = '([^']+)'/.exec(readFileSync(join(data, '..', '__init__.py'), 'utf8'))?.[1];
if (version === undefined) throw new Error(`${data} is not the data folder of a botocore`);
let bytes = 0;
for (const [scope, operations] of servedOperations()) {
  const left = new Set(operations);
  for (const service of modelsOfScope(scope)) {
    const model = readModel(data, service);
    const own = [...left].filter((operation) => Object.hasOwn(model.operations, operation)).sort();
    for (const operation of own) left.delete(operation);
    const text = `${linesOf(service, own, model, version).join('\n')}\n`;
    writeFileSync(join(CONSTRAINTS_FOLDER, `${service}.jsonl`), text);
    bytes += text.length;
  }
  if (left.size > 0) throw new Error(`no model of ${scope} has ${[...left].join(', ')}`);
}
process.stdout.write(`wrote ${Math.ceil(bytes / 1024)} KB from botocore ${version}\n`);
