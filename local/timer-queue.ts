/** What waits for its time: a binary heap, by time and then by order of making. */

/** One that waits. */
export interface QueuedTimer {
  /** Epoch milliseconds. */
  readonly time: number;
  /** Tells apart what waits for the same time: the lower goes first. */
  readonly order: number;
  readonly callback: () => void;
}

export interface TimerQueue {
  add(timer: QueuedTimer): void;
  /** The next to go, undefined if none waits. It stays. */
  first(): QueuedTimer | undefined;
  /** Takes one out, wherever it stands; nothing happens when it is not there. */
  remove(timer: QueuedTimer): void;
  clear(): void;
}

const isBefore = (a: QueuedTimer, b: QueuedTimer): boolean =>
  a.time < b.time || (a.time === b.time && a.order < b.order);

/** Everything in logarithmic time: a busy cloud has a timer for each message that is out of sight. */
export const createTimerQueue = (): TimerQueue => {
  const heap: QueuedTimer[] = [];
  const places = new Map<QueuedTimer, number>();
  const put = (timer: QueuedTimer, at: number) => {
    heap[at] = timer;
    places.set(timer, at);
  };
  const rise = (timer: QueuedTimer, from: number) => {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (!parent || !isBefore(timer, parent)) break;
      put(parent, at);
      at = parentAt;
    }
    put(timer, at);
  };
  const sink = (timer: QueuedTimer, from: number) => {
    let at = from;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = heap[leftAt];
      if (!left) break;
      const right = heap[leftAt + 1];
      const [child, childAt] = right && isBefore(right, left) ? [right, leftAt + 1] : [left, leftAt];
      if (!isBefore(child, timer)) break;
      put(child, at);
      at = childAt;
    }
    put(timer, at);
  };
  return {
    add: (timer) => rise(timer, heap.length),
    first: () => heap[0],
    remove(timer) {
      const at = places.get(timer);
      if (at === undefined) return;
      places.delete(timer);
      const last = heap.pop();
      if (!last || last === timer) return;
      sink(last, at);
      rise(last, places.get(last) ?? at);
    },
    clear() {
      heap.length = 0;
      places.clear();
    },
  };
};
