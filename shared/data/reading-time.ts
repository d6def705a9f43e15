/** The time there is for reading: seen to while data is read, so that what cannot be done in time is stopped in time. */
import { UnreadableError } from './sources/unreadable-error.ts';

/** How long reading may take. */
export interface TimeToRead {
  /** Milliseconds until reading has to be done, asked again and again. */
  readonly leftMs: () => number;
  /** How many bytes there are to read, as delivered. */
  readonly sizeBytes: number;
}

/** What was read says how fast the rest will be once this share of the time has gone: reading begins slowly. */
const TELLING_SHARE = 0.25;

const counted = (n: number): string => Math.round(n).toLocaleString('en-US');
const seconds = (ms: number): string => counted(Math.max(0, ms) / 1000);

/** Sees to it that reading keeps within its time. */
export class ReadingTime {
  readonly #time: TimeToRead;
  readonly #givenMs: number;
  #doneBytes = 0;

  constructor(time: TimeToRead) {
    this.#time = time;
    this.#givenMs = time.leftMs();
  }

  /**
   * Told how many bytes have been read.
   * @throws UnreadableError where the time has gone, or the rest cannot be read in what is left of it
   */
  readonly read = (doneBytes: number): void => {
    this.#doneBytes = doneBytes;
    const leftMs = this.#time.leftMs();
    const tookMs = this.#givenMs - leftMs;
    if (leftMs <= 0) throw this.#tooSlow(tookMs, leftMs);
    if (tookMs < TELLING_SHARE * this.#givenMs || doneBytes <= 0) return;
    if (tookMs * (this.#time.sizeBytes - doneBytes) > leftMs * doneBytes) throw this.#tooSlow(tookMs, leftMs);
  };

  /** Looks at the clock where nothing more has been read. @throws UnreadableError where the time has gone */
  readonly look = (): void => {
    const leftMs = this.#time.leftMs();
    if (leftMs <= 0) throw this.#tooSlow(this.#givenMs - leftMs, leftMs);
  };

  #tooSlow(tookMs: number, leftMs: number): UnreadableError {
    const { sizeBytes } = this.#time;
    const read = `${counted(this.#doneBytes)} of ${counted(sizeBytes)} bytes were read in ${seconds(tookMs)} s`;
    const restMs = (tookMs * (sizeBytes - this.#doneBytes)) / this.#doneBytes;
    const rest = this.#doneBytes > 0 && restMs > 0 ? `the rest would take ${seconds(restMs)} s more, and ` : '';
    return new UnreadableError('out_of_time', `${read}: ${rest}${seconds(leftMs)} s are left`);
  }
}
