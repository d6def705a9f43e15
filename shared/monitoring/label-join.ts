/** Late labels joined to captured predictions, hour by hour, in memory of one hour's labels and a number or two a row. */
import { parseInferenceId } from './inference-id.ts';
import type { LabelHour } from './label-store.ts';
import type { Window } from './windows.ts';

export interface JoinSettings {
  readonly window: Window;
  /** How many numbers are answered to a row. */
  readonly outputs: number;
  /** Multiclass: the classes in the order of the answer; null where labels are numbers. */
  readonly classes: readonly string[] | null;
  /** What the model's label means; labels of another meaning are left out. */
  readonly meaning: string;
}

/** A column that grows. */
class Column {
  #values = new Float64Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  done(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** What is known of one id. */
interface Known {
  readonly text: string;
  readonly arrivedMs: number;
  used: boolean;
}

/** What a join counts beside the rows. */
export interface JoinCounts {
  /** Requests of the window, each once. */
  readonly requests: number;
  /** Captured again: the same inference id, or without one the same event id. */
  readonly duplicates: number;
  /** Captured within the hours that were read, and made in another window. */
  readonly elsewhere: number;
  /** Labels of the window's ids that no captured prediction has: unknown, or never captured. */
  readonly unmatched: number;
  /** Labels that a later file changed. */
  readonly corrected: number;
  /** Labels that were given for another meaning of the label. */
  readonly otherMeaning: number;
  /** Labels for a whole request that had several rows, or for a row it did not have. */
  readonly ambiguous: number;
  /** Labels that are none of this model. */
  readonly invalid: number;
}

/** The predictions of a window with the labels that are known. */
export interface JoinedWindow {
  /** A column of scores; multiclass: one for each class. */
  readonly scores: readonly Float64Array[];
  /** NaN where the label is not known. Multiclass: its place in `classes`. */
  readonly labels: Float64Array;
  /** Epoch milliseconds of each prediction. */
  readonly atMs: Float64Array;
  /** How long each known label took, in milliseconds. */
  readonly lagMs: Float64Array;
  /** Multiclass: the model's own, and after them those only labels have. */
  readonly classes: readonly string[] | null;
  readonly counts: JoinCounts;
}

/**
 * Joins the labels of a window to what was captured of it. A prediction belongs to the second its inference id names
 * (without one, to the second of its capture), so that its label can find it; a request that was captured twice counts
 * once; of several labels the one that arrived last counts.
 */
export class LabelJoin {
  readonly #settings: JoinSettings;
  readonly #scores: Column[];
  readonly #labels = new Column();
  readonly #times = new Column();
  readonly #lags = new Column();
  readonly #places: Map<string, number> | null;
  #now = new Map<string, Known>();
  #before = new Map<string, Known>();
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  #counts = {
    requests: 0,
    duplicates: 0,
    elsewhere: 0,
    unmatched: 0,
    corrected: 0,
    otherMeaning: 0,
    ambiguous: 0,
    invalid: 0,
  };

  constructor(settings: JoinSettings) {
    this.#settings = settings;
    this.#scores = Array.from({ length: settings.outputs }, () => new Column());
    this.#places = settings.classes === null ? null : new Map(settings.classes.map((name, place) => [name, place]));
  }

  /** Goes on to the next hour, with its labels in the order in which their files arrived. */
  hour(files: readonly Pick<LabelHour, 'arrivedAt' | 'meaning' | 'labels'>[]): void {
    this.#forget();
    [this.#before, this.#now] = [this.#now, new Map()];
    [this.#seenBefore, this.#seen] = [this.#seen, new Set()];
    for (const { arrivedAt, meaning, labels } of files) {
      if (meaning !== this.#settings.meaning) {
        this.#counts.otherMeaning += labels.length;
        continue;
      }
      const arrivedMs = Date.parse(arrivedAt);
      for (const [id, text] of labels) {
        const known = this.#now.get(id);
        if (known !== undefined && known.text !== text) this.#counts.corrected += 1;
        this.#now.set(id, { text, arrivedMs, used: false });
      }
    }
  }

  /**
   * Takes one captured request.
   * @param outputs The answers of all records, row after row; this one's rows are from `firstRow` up to `endRow`.
   */
  take(id: string, capturedMs: number, outputs: ArrayLike<number>, firstRow: number, endRow: number): void {
    const { startMs, endMs } = this.#settings.window;
    const atMs = parseInferenceId(id)?.atMs ?? capturedMs;
    if (atMs < startMs || atMs >= endMs) {
      this.#counts.elsewhere += 1;
      this.#leave(id, endRow - firstRow);
      return;
    }
    if (this.#seen.has(id) || this.#seenBefore.has(id)) {
      this.#counts.duplicates += 1;
      return;
    }
    this.#seen.add(id);
    this.#counts.requests += 1;
    const whole = this.#find(id);
    const rows = endRow - firstRow;
    if (whole !== undefined && rows > 1) {
      // Which of the rows it is for is not said.
      whole.used = true;
      this.#counts.ambiguous += 1;
    }
    const width = this.#scores.length;
    for (let row = 0; row < rows; row += 1) {
      for (let at = 0; at < width; at += 1) {
        this.#scores[at]?.push(outputs[(firstRow + row) * width + at] ?? Number.NaN);
      }
      this.#times.push(atMs);
      const known = rows === 1 && whole !== undefined ? whole : this.#find(`${id}.${row}`);
      const label = known === undefined ? Number.NaN : this.#labelOf(known);
      this.#labels.push(label);
      if (known !== undefined && !Number.isNaN(label)) this.#lags.push(known.arrivedMs - atMs);
    }
  }

  finish(): JoinedWindow {
    this.#forget();
    this.#before = this.#now;
    this.#forget();
    return {
      scores: this.#scores.map((column) => column.done()),
      labels: this.#labels.done(),
      atMs: this.#times.done(),
      lagMs: this.#lags.done(),
      classes: this.#places === null ? null : [...this.#places.keys()],
      counts: { ...this.#counts },
    };
  }

  /** Labels of a prediction of another window are not missing in this one, whatever their ids say. */
  #leave(id: string, rows: number): void {
    const labels = [this.#find(id), ...Array.from({ length: rows }, (_, row) => this.#find(`${id}.${row}`))];
    for (const known of labels) if (known !== undefined) known.used = true;
  }

  #find(id: string): Known | undefined {
    return this.#now.get(id) ?? this.#before.get(id);
  }

  #labelOf(known: Known): number {
    known.used = true;
    if (this.#places === null) {
      const value = known.text === '' ? Number.NaN : Number(known.text);
      if (Number.isNaN(value)) this.#counts.invalid += 1;
      return value;
    }
    const place = this.#places.get(known.text) ?? this.#places.size;
    this.#places.set(known.text, place);
    return place;
  }

  /** What the labels of an hour leave behind once no capture of theirs can come any more. */
  #forget(): void {
    for (const [id, { used }] of this.#before) {
      if (used) continue;
      const named = parseInferenceId(id);
      const { startMs, endMs } = this.#settings.window;
      // Labels of the first and last hour may be of the windows beside this one.
      if (named === undefined || (named.atMs >= startMs && named.atMs < endMs)) this.#counts.unmatched += 1;
    }
  }
}
