/** Where in a YAML file the value at a path stands. */
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml';

/** Member names and list indices, from the root. */
export type Path = readonly PropertyKey[];

/** A place in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `data.features[2].sql`. */
export function pathText(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = /^[A-Za-z_][\w-]*$/.test(String(step)) ? String(step) : JSON.stringify(String(step));
      return i === 0 ? name : `.${name}`;
    })
    .join('');
}

const keyOf = (pair: Pair): string | undefined => (isScalar(pair.key) ? String(pair.key.value) : undefined);

const offsetOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

/** The place of the value at a path; of its key if it is nothing or a mapping; of what would hold it if it is absent. */
export function placeOf(document: Document, lines: LineCounter, path: Path, atKey = false): Place {
  let node: Node | null = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((item) => keyOf(item) === String(step));
      if (pair === undefined) break;
      const value = isNode(pair.value) ? pair.value : null;
      const wantsKey =
        (isLast && atKey) || value === null || isCollection(value) || (isScalar(value) && value.value === null);
      offset = (wantsKey ? offsetOf(pair.key) : offsetOf(value)) ?? offset;
      node = value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (item === undefined || isPair(item)) break;
      offset = offsetOf(item) ?? offset;
      node = isNode(item) ? item : null;
    } else {
      break;
    }
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
