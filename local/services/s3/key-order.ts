/** Keys in the order S3 lists them: by their UTF-8 bytes. */

// UTF-16 order differs from UTF-8 order only in that surrogates come before U+E000 to U+FFFF.
const rank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

/** Negative when `a` comes first. */
export const compareKeys = (a: string, b: string): number => {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
};

/** A unit from which on the two orders may differ. */
const HIGH_UNIT = /[\ud800-\uffff]/;

/** First index in the sorted keys at which `isPast` holds; it must hold for every later one. */
const firstIndex = (keys: readonly string[], isPast: (key: string) => boolean): number => {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(keys[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** A sorted set of keys. */
export interface KeyOrder {
  readonly keys: readonly string[];
  add(key: string): void;
  remove(key: string): void;
  /** Index of the first key that is not before this one. */
  from(key: string): number;
  /** Index of the first key after this one. */
  after(key: string): number;
  /** Index of the first key after all that begin with this prefix. */
  afterPrefix(prefix: string): number;
}

export const createKeyOrder = (): KeyOrder => {
  const keys: string[] = [];
  /** Of keys without high units JavaScript's own order is that of S3, and much quicker. */
  let isPlain = true;
  const from = (key: string) =>
    isPlain && !HIGH_UNIT.test(key)
      ? firstIndex(keys, (other) => other >= key)
      : firstIndex(keys, (other) => compareKeys(other, key) >= 0);
  return {
    keys,
    from,
    add(key) {
      isPlain &&= !HIGH_UNIT.test(key);
      const at = from(key);
      if (keys[at] !== key) keys.splice(at, 0, key);
    },
    remove(key) {
      const at = from(key);
      if (keys[at] === key) keys.splice(at, 1);
    },
    after: (key) => firstIndex(keys, (other) => compareKeys(other, key) > 0),
    afterPrefix: (prefix) => firstIndex(keys, (other) => !other.startsWith(prefix) && compareKeys(other, prefix) > 0),
  };
};
