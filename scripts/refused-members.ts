/**
 * Which members of an operation's input the local cloud refuses: found by asking for everything that AWS's model of the
 * operation has, so that the answer is what the operation does, and no second list of what it honours.
 */
import { ANONYMOUS, type Call, type Json, type JsonObject, type Operation, ServiceError } from '../local/contracts.ts';
import type { ScalarLine, ServiceConstraints } from '../local/requests/constraints.ts';

const CALL: Call = {
  principal: ANONYMOUS,
  requestId: '',
  sourceIp: '127.0.0.1',
  verifyBody: () => undefined,
  note: () => undefined,
  admit: async () => undefined,
};

const PLAIN = new Map<string, ScalarLine>(
  (['string', 'integer', 'long', 'float', 'double', 'boolean', 'timestamp', 'blob', 'document'] as const).map(
    (type) => [type, { shape: type, type }],
  ),
);

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

/** An input that has every member there is, and how a refusal spells each member's path. */
const everything = ({ shapes }: ServiceConstraints, input: string) => {
  const spellings = new Map<string, string>();
  const exampleOf = (shapeName: string, path: string, shown: string, open: readonly string[]): Json => {
    // A shape without limits is named for its type, and has no line of its own.
    const shape = shapes.get(shapeName) ?? PLAIN.get(shapeName);
    if (shape === undefined) throw new Error(`no shape ${shapeName}`);
    const within = [...open, shapeName];
    switch (shape.type) {
      case 'structure': {
        const members: JsonObject = {};
        for (const [name, member] of Object.entries(shape.members)) {
          // A shape within itself would have no end.
          if (within.includes(member)) continue;
          const shownMember = shown === '' ? name : `${shown}.${name}`;
          spellings.set(path === '' ? name : `${path}.${name}`, shownMember);
          const inner = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`;
          members[name] = exampleOf(member, inner, shownMember, within);
        }
        return members;
      }
      case 'list':
        return [exampleOf(shape.member, `${path}.1.member`, `${shown}[]`, within)];
      case 'map':
        return { name: exampleOf(shape.value, `${path}.name.member`, `${shown}{}`, within) };
      case 'boolean':
        return true;
      case 'integer':
      case 'long':
      case 'float':
      case 'double':
      case 'timestamp':
        return shape.min ?? 1;
      case 'document':
        return {};
      default:
        return shape.enum?.[0] ?? 'x'.repeat(Math.max(1, shape.min ?? 1));
    }
  };
  return { value: exampleOf(input, '', '', []) as JsonObject, spellings };
};

// readInput names all at once; the readers of IAM's and CloudWatch Logs' inputs name the first.
const ALL = /^\w+: the local cloud does not implement (.+)$/;
const FIRST = /^(\w+) of \w+ is not implemented in this cloud$|^\w+: (\w+) is not supported; supported: /;

const pathsIn = (message: string): readonly string[] => {
  const [, one, other] = FIRST.exec(message) ?? [];
  const first = one ?? other;
  const all = first === undefined ? (ALL.exec(message)?.[1]?.split(', ') ?? []) : [first];
  // A value that is refused says nothing of its member.
  return all.filter((path) => !path.startsWith('the value '));
};

/** What is said of an input; '' when it is taken. */
const answerTo = async (run: Operation, input: JsonObject): Promise<string> => {
  try {
    await run(input, CALL);
    return '';
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error.message;
  }
};

// No operation has it, so that an answer that does not name it came before the whole input had been read.
const NOBODYS = 'LastOfAll';

/**
 * @param known AWS's model of the service.
 * @returns Paths as the model spells them, `ProductionVariants[].CoreDumpConfig`, in its order; a member within one that is
 *   refused whole is not named.
 * @throws Error for an operation that refuses the request before it has read it: then nothing is known of its members.
 */
export const refusedMembers = async (
  run: Operation,
  operation: string,
  known: ServiceConstraints,
): Promise<readonly string[]> => {
  const input = known.operations.get(operation);
  if (input === undefined) return [];
  const { value, spellings } = everything(known, input);
  value[NOBODYS] = 'x';
  const refused = new Set<string>();
  for (;;) {
    const message = await answerTo(run, structuredClone(value));
    // Some read a part of the input only when the rest is in order.
    const found = pathsIn(message).filter((path) => !refused.has(path));
    if (found.length === 0 && !refused.has(NOBODYS)) throw new Error(`${operation} was not read whole: ${message}`);
    if (found.length === 0) return [...spellings].flatMap(([path, spelling]) => (refused.has(path) ? [spelling] : []));
    for (const path of found) {
      if (path !== NOBODYS && !spellings.has(path)) throw new Error(`${operation} refuses ${path}, which was not sent`);
      refused.add(path);
      delete value[path];
    }
  }
};
