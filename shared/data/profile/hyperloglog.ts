/**
 * An estimate of how many distinct values there are, from 4,096 small numbers that add up in any order to the same
 * bytes. Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog" (2007); the estimate is Ertl's improved one (2017,
 * arXiv:1702.01284, algorithm 6), which needs no correction by tables. Hashes are our own: they depend neither on the
 * engine's version nor on the machine.
 */

/** log2 of the number of registers. */
const INDEX_BITS = 12;
const REGISTERS = 2 ** INDEX_BITS;
/** The second hash has 32 bits: a register counts at most so many leading zeros, plus one. */
const MOST_ZEROS = 32;

/** Standard error of an estimate, as a share: 1.04 over the root of the number of registers. */
export const DISTINCT_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** One register per possible head of a hash: the most leading zeros its tail has shown, plus one. */
export type Registers = Uint8Array;

/** No value seen. */
export const noRegisters = (): Registers => new Uint8Array(REGISTERS);

const SEEDS = [0x9747b28c, 0x5bd1e995] as const;

/** One step of MurmurHash3_x86_32 (Appleby, public domain). */
function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  hash ^= Math.imul(k, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  return (Math.imul(hash, 5) + 0xe6546b64) | 0;
}

/** Its end: every bit depends on every bit. */
function finished(hash: number, bytes: number): number {
  hash ^= bytes;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function insert(registers: Registers, head: number, tail: number): void {
  const index = head >>> (32 - INDEX_BITS);
  const rank = Math.clz32(tail) + 1;
  if (rank > (registers[index] ?? 0)) registers[index] = rank;
}

const cell = new Float64Array(1);
const cellWords = new Uint32Array(cell.buffer);

/**
 * Takes the two words of a double. Each step can be undone, so that no two doubles share all 64 bits; the multipliers are
 * those of MurmurHash3's end and of Wellons's "lowbias32" (public domain).
 */
function insertDouble(registers: Registers, low: number, high: number): void {
  let tail = Math.imul(low ^ (low >>> 16) ^ SEEDS[0], 0x85ebca6b);
  let head = high ^ tail ^ (tail >>> 13);
  head = Math.imul(head ^ (head >>> 13), 0xc2b2ae35);
  head = Math.imul(head ^ (head >>> 16), 0x7feb352d);
  head ^= head >>> 15;
  tail = (tail + head) | 0;
  tail = Math.imul(tail ^ (tail >>> 15), 0x846ca68b);
  tail = Math.imul(tail ^ (tail >>> 16), 0x85ebca6b);
  insert(registers, head, tail ^ (tail >>> 15));
}

/** Takes a number; zero has one sign. */
export function insertNumber(registers: Registers, value: number): void {
  cell[0] = value + 0;
  insertDouble(registers, cellWords[0] ?? 0, cellWords[1] ?? 0);
}

/** Takes the numbers from a place on, NaN left out. */
export function insertNumbers(registers: Registers, values: Float64Array, from: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let last = Number.NaN;
  for (let at = from; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    // Registers take a number twice without a trace, and rows in order often repeat one.
    if (value === last || Number.isNaN(value)) continue;
    last = value;
    if (value === 0) insertDouble(registers, 0, 0);
    else insertDouble(registers, words[at * 2] ?? 0, words[at * 2 + 1] ?? 0);
  }
}

/** Takes a text as words of its bytes, `count` of them from `start`; the length in bytes is one of them. */
export function insertWords(registers: Registers, words: ArrayLike<number>, start: number, count: number): void {
  let [head, tail] = [SEEDS[0] as number, SEEDS[1] as number];
  for (let at = start; at < start + count; at += 1) {
    const word = words[at] ?? 0;
    head = mixed(head, word);
    tail = mixed(tail, word);
  }
  insert(registers, finished(head, count * 4), finished(tail, count * 4));
}

/** The registers of all values of both. */
export function mergeRegisters(a: Registers, b: Registers): Registers {
  return a.map((rank, at) => Math.max(rank, b[at] ?? 0));
}

/** Ertl's sigma: what registers that are still zero tell. */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [power, weight, sum, before] = [share, 1, share, -1];
  while (sum !== before) {
    before = sum;
    power *= power;
    sum += power * weight;
    weight += weight;
  }
  return sum;
}

/** Ertl's tau: what registers that can grow no more tell. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [root, weight, sum, before] = [share, 1, 1 - share, -1];
  while (sum !== before) {
    before = sum;
    root = Math.sqrt(root);
    weight *= 0.5;
    sum -= (1 - root) ** 2 * weight;
  }
  return sum / 3;
}

/** About how many distinct values there are; {@link DISTINCT_ERROR} is its standard error. */
export function estimateDistinct(registers: Registers): number {
  const withRank = new Float64Array(MOST_ZEROS + 2);
  for (const rank of registers) withRank[rank] = (withRank[rank] ?? 0) + 1;
  let sum = REGISTERS * tau(1 - (withRank[MOST_ZEROS + 1] ?? 0) / REGISTERS);
  for (let rank = MOST_ZEROS; rank >= 1; rank -= 1) sum = 0.5 * (sum + (withRank[rank] ?? 0));
  sum += REGISTERS * sigma((withRank[0] ?? 0) / REGISTERS);
  // 1 / (2 ln 2) times the square of the number of registers.
  return Math.round((0.721_347_520_444_481_7 * REGISTERS * REGISTERS) / sum);
}
