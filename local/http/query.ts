/**
 * AWS's query protocol: a form in, XML out.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html (documented)
 */
import type { Json, JsonObject } from '../contracts.ts';
import { ServiceError } from '../contracts.ts';
import { type XmlValue, xmlDocument } from './xml.ts';

type Node = { value?: string; members: Map<string, Node> };

const malformed = (name: string) =>
  new ServiceError('MalformedQueryString', `The parameter ${name} is not well formed`, 404);

const place = (root: Node, name: string, value: string) => {
  let node = root;
  for (const segment of name.split('.')) {
    // `__proto__` is no member of anything, and no key of a JSON object to be written without care.
    if (segment === '' || segment === '__proto__') throw malformed(name);
    let next = node.members.get(segment);
    if (!next) {
      next = { members: new Map() };
      node.members.set(segment, next);
    }
    node = next;
  }
  if (node.value !== undefined) throw malformed(name);
  node.value = value;
};

const isNumbered = (node: Node) =>
  node.members.size > 0 && [...node.members.keys()].every((name) => /^[1-9]\d*$/.test(name));

const items = (node: Node): Node[] =>
  [...node.members.entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);

const keyIn = (item: Node) => item.members.get('key') ?? item.members.get('Name');
const valueIn = (item: Node) => item.members.get('value') ?? item.members.get('Value');

const toJson = (node: Node, path: string): Json => {
  if (node.members.size === 0) return node.value ?? '';
  if (node.value !== undefined) throw malformed(path);
  const [onlyName, only] = node.members.size === 1 ? [...node.members][0]! : [];
  // `Tags.member.1.Key`: a list; `Attributes.entry.1.key`: a map; `Names.1`: a flattened list.
  if (only && onlyName === 'member' && isNumbered(only)) return items(only).map((item) => toJson(item, path));
  if (only && onlyName === 'entry' && isNumbered(only)) {
    const map: JsonObject = {};
    for (const item of items(only)) {
      const key = keyIn(item)?.value;
      const value = valueIn(item);
      if (key === undefined || key === '__proto__' || value === undefined) throw malformed(`${path}.entry`);
      map[key] = toJson(value, `${path}.${key}`);
    }
    return map;
  }
  if (isNumbered(node)) return items(node).map((item) => toJson(item, path));
  return Object.fromEntries([...node.members].map(([name, member]) => [name, toJson(member, `${path}.${name}`)]));
};

/**
 * @returns The operation and its input: lists and maps as JSON has them, every value a string, as the form gives them.
 * @throws ServiceError MalformedQueryString, MissingAction.
 */
export const parseQuery = (form: URLSearchParams): { operation: string; version: string; input: JsonObject } => {
  const root: Node = { members: new Map() };
  for (const [name, value] of form)
    if (name !== 'Action' && name !== 'Version' && !name.startsWith('X-Amz-')) place(root, name, value);
  const operation = form.get('Action');
  if (!operation) throw new ServiceError('MissingAction', 'The request is missing an action');
  const input: JsonObject = {};
  for (const [name, member] of root.members) input[name] = toJson(member, name);
  return { operation, version: form.get('Version') ?? '', input };
};

const toXml = (name: string, value: Json, maps: readonly string[]): XmlValue => {
  if (Array.isArray(value)) return { member: value.map((item) => toXml(name, item, maps)) };
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value);
  if (maps.includes(name)) return { entry: members.map(([key, member]) => ({ key, value: toXml(key, member, maps) })) };
  return Object.fromEntries(members.map(([key, member]) => [key, toXml(key, member, maps)]));
};

/** The answer of a successful operation. */
export const queryAnswer = (
  operation: string,
  namespace: string,
  output: JsonObject | undefined,
  requestId: string,
  maps: readonly string[],
): string =>
  xmlDocument(
    `${operation}Response`,
    {
      ...(output && { [`${operation}Result`]: toXml('', output, maps) }),
      ResponseMetadata: { RequestId: requestId },
    },
    namespace,
  );

/** The answer of a failed one. */
export const queryError = (error: ServiceError, namespace: string | undefined, requestId: string): string =>
  xmlDocument(
    'ErrorResponse',
    {
      Error: {
        Type: error.status < 500 ? 'Sender' : 'Receiver',
        Code: error.code,
        Message: error.message,
        ...Object.fromEntries(Object.entries(error.members).map(([name, member]) => [name, toXml(name, member, [])])),
      },
      RequestId: requestId,
    },
    namespace,
  );
