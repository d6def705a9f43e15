/** Begins with room for so many, and grows. */
const INITIAL = 1 << 12;
/** 64 MB: above it nothing is added, and whoever asks is told. */
const MOST = 1 << 22;

/**
 * Which events have been seen, by 64 bits of their ids: of a million two are taken for one with a chance of 3 in 10^8.
 * Memory is bounded.
 */
export class EventSet {
  #slots = new Uint32Array(INITIAL * 4);
  #size = 0;

  /** @returns Whether it is new; null where there is no room to remember it. */
  add(high: number, low: number): boolean | null {
    if (this.#size * 2 >= this.#slots.length / 2 && this.#slots.length < MOST * 4) this.#grow();
    // An empty slot is two zeros.
    const [a, b] = high === 0 && low === 0 ? [0, 1] : [high, low];
    const place = this.#placeOf(a, b);
    if (place === null) return false;
    if (this.#size * 4 >= this.#slots.length * 1.5) return null;
    this.#slots[place] = a;
    this.#slots[place + 1] = b;
    this.#size += 1;
    return true;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#size;
  }

  /** The empty place for an event; null where it has one already. */
  #placeOf(high: number, low: number): number | null {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let slot = high & mask; ; slot = (slot + 1) & mask) {
      const place = slot * 2;
      if (slots[place] === high && slots[place + 1] === low) return null;
      if (slots[place] === 0 && slots[place + 1] === 0) return place;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let place = 0; place < before.length; place += 2) {
      const high = before[place] ?? 0;
      const low = before[place + 1] ?? 0;
      if (high === 0 && low === 0) continue;
      const free = this.#placeOf(high, low) ?? 0;
      this.#slots[free] = high;
      this.#slots[free + 1] = low;
    }
  }
}
