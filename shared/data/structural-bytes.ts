/**
 * Finds the bytes of CSV that mean something, sixty-four at a time, as simdjson does (Langdale and Lemire, "Parsing
 * Gigabytes of JSON per Second", 2019, https://arxiv.org/abs/1902.08318). A loop that looks at byte after byte guesses wrong
 * at the end of every field; to compare sixteen bytes at once takes instructions that WebAssembly has and JavaScript has not.
 * Measured on flights (bench/data.ts): 0.2 ns a byte, and ten times that by the loop.
 *
 * The program is short enough to be put together here; its numbers are those of
 * https://webassembly.github.io/spec/core/appendix/index-instructions.html.
 */
import { CR, LF, QUOTE } from './csv-record.ts';

/** So many bytes are looked at by one call: their places and they lie in the nearest cache. */
export const WINDOW_BYTES = 8192;
const STEP_BYTES = 64;
const VECTOR_BYTES = 16;
/** So many places are written at a time, needed or not: to stop after each would be guessed wrong again. */
const PLACES_TOGETHER = 4;
const PLACES_AT = WINDOW_BYTES;
const PAGES = 1;

/** What the module below exports: places are written from `places` on, and where they end is returned. All of them bytes. */
interface Program {
  readonly find: (at: number, to: number, places: number, delimiter: number) => number;
}

/** What is used of WebAssembly; `lib.dom.d.ts` has its types, which this project does not load. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: Program };
};

type Code = readonly number[];

/** LEB128 of a number that is not negative, with room for the sign that constants have. */
function leb(value: number, limit: number): number[] {
  return value < limit ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7, limit)];
}
const unsigned = (value: number): number[] => leb(value, 0x80);
const signed = (value: number): number[] => leb(value, 0x40);
const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const sized = (code: Code): number[] => [...unsigned(code.length), ...code];
const section = (id: number, code: Code): number[] => [id, ...sized(code)];

const [I32, I64, V128] = [0x7f, 0x7e, 0x7b] as const;
const simd = (operation: number): number[] => [0xfd, ...unsigned(operation)];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
const i32 = (value: number): number[] => [0x41, ...signed(value)];
const i64 = (value: number): number[] => [0x42, ...signed(value)];
const [BLOCK, LOOP, END, NO_RESULT] = [0x02, 0x03, 0x0b, 0x40] as const;
const branch = (depth: number): number[] => [0x0c, depth];
const branchIf = (depth: number): number[] => [0x0d, depth];
const storeI32 = (offset: number): number[] => [0x36, 2, ...unsigned(offset)];
const LOWER_I32 = 0x49;
const [ADD_I32, SHIFT_LEFT_I32] = [0x6a, 0x74] as const;
const [IS_ZERO_I64, ZEROS_BELOW_I64, ONES_I64] = [0x50, 0x7a, 0x7b] as const;
const [SUBTRACT_I64, AND_I64, OR_I64, SHIFT_LEFT_I64] = [0x7d, 0x83, 0x84, 0x86] as const;
const [WRAP_I64, EXTEND_I32] = [0xa7, 0xad] as const;
const loadVector = (offset: number): number[] => [...simd(0x00), 0, ...unsigned(offset)];
const [SPLAT, EQUAL, OR, BITMASK] = [simd(0x0f), simd(0x23), simd(0x50), simd(0x64)];

/** The function's parameters, and its locals. */
const [AT, TO, PLACES, DELIMITER, AFTER, FOUND, BYTES] = [0, 1, 2, 3, 4, 5, 6] as const;

/** A bit of 16 for each byte that means something. */
const found16 = (offset: number): number[] => [
  ...get(AT),
  ...loadVector(offset),
  ...set(BYTES),
  ...[get(DELIMITER), i32(LF), i32(CR), i32(QUOTE)].flatMap((byte, at) => [
    ...get(BYTES),
    ...byte,
    ...SPLAT,
    ...EQUAL,
    ...(at === 0 ? [] : OR),
  ]),
  ...BITMASK,
  EXTEND_I32,
];

const found64 = Array.from({ length: STEP_BYTES / VECTOR_BYTES }, (_, at) => at * VECTOR_BYTES).flatMap((offset) =>
  offset === 0 ? found16(0) : [...found16(offset), ...i64(offset), SHIFT_LEFT_I64, OR_I64],
);

/** Writes the place of the lowest bit, and clears it; where there is none, something that is written over. */
const writePlace = (at: number): number[] => [
  ...get(PLACES),
  ...get(FOUND),
  ZEROS_BELOW_I64,
  WRAP_I64,
  ...get(AT),
  ADD_I32,
  ...storeI32(at * 4),
  ...get(FOUND),
  ...get(FOUND),
  ...i64(1),
  SUBTRACT_I64,
  AND_I64,
  ...set(FOUND),
];

const BODY: Code = [
  ...[LOOP, NO_RESULT, ...found64, ...tee(FOUND)],
  ...[ONES_I64, WRAP_I64, ...i32(2), SHIFT_LEFT_I32, ...get(PLACES), ADD_I32, ...set(AFTER)],
  ...[BLOCK, NO_RESULT, LOOP, NO_RESULT, ...get(FOUND), IS_ZERO_I64, ...branchIf(1)],
  ...Array.from({ length: PLACES_TOGETHER }, (_, at) => writePlace(at)).flat(),
  ...[...get(PLACES), ...i32(PLACES_TOGETHER * 4), ADD_I32, ...set(PLACES), ...branch(0), END, END],
  ...[...get(AFTER), ...set(PLACES)],
  ...[...get(AT), ...i32(STEP_BYTES), ADD_I32, ...tee(AT), ...get(TO), LOWER_I32, ...branchIf(0), END],
  ...[...get(PLACES), END],
];

const LOCALS = [
  [1, I32],
  [1, I64],
  [1, V128],
];
const name = (text: string): number[] => sized([...Buffer.from(text)]);

const MODULE = new WebAssembly.Module(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector([[I32], [I32], [I32], [I32]]), ...vector([[I32]])]])),
    ...section(2, vector([[...name('own'), ...name('memory'), 2, 0, PAGES]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name('find'), 0, 0]])),
    ...section(10, vector([sized([...vector(LOCALS), ...BODY])])),
  ]),
);

const memory = new WebAssembly.Memory({ initial: PAGES });
const { find } = new WebAssembly.Instance(MODULE, { own: { memory } }).exports;
const bytes = new Uint8Array(memory.buffer, 0, WINDOW_BYTES);

/** Where bytes were found, as far as {@link findStructural} says: counted from where it began. The next call writes over them. */
export const places = new Uint32Array(memory.buffer, PLACES_AT);

/**
 * Finds the delimiters, line feeds, carriage returns and quotes among so many bytes from a place on, at most
 * {@link WINDOW_BYTES}; their places are then in {@link places}. Returns how many there are.
 */
export function findStructural(source: Uint8Array, from: number, length: number, delimiter: number): number {
  bytes.set(source.subarray(from, from + length));
  let count = (find(0, length, PLACES_AT, delimiter) - PLACES_AT) / 4;
  // Of the last sixty-four bytes some may be left from before.
  while (count > 0 && (places[count - 1] as number) >= length) count -= 1;
  return count;
}
