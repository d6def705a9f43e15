/**
 * Windows of what was asked and answered: tumbling, in event time, counted from 1970 in UTC, so that a window of a day is
 * a day. One is closed when what comes late has had its time.
 */
import { hourFolder } from './inference-id.ts';

/** An interval in epoch milliseconds; its end is no longer in it. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * How long after its end a window is still waited for. Captured data lie in S3 a couple of minutes after the request, and
 * files that come late for an hour are normal: an hour is what SageMaker's own hourly monitoring leaves them. What comes
 * later still is in no window. Source: SageMaker developer guide, model-monitor-data-capture-endpoint.md and
 * model-monitor-scheduling.md.
 */
export const ALLOWED_LATENESS_MS = 3_600_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The window a moment lies in. */
export const windowAt = (atMs: number, windowMs: number): Window => {
  const startMs = Math.floor(atMs / windowMs) * windowMs;
  return { startMs, endMs: startMs + windowMs };
};

/** Whether a window has had its time. */
export const isClosed = ({ endMs }: Window, nowMs: number): boolean => nowMs >= endMs + ALLOWED_LATENESS_MS;

/** The closed windows from the one on that a moment lies in, the oldest first, at most so many. */
export function closedWindows(sinceMs: number, nowMs: number, windowMs: number, most: number): Window[] {
  const windows: Window[] = [];
  let window = windowAt(sinceMs, windowMs);
  while (windows.length < most && isClosed(window, nowMs)) {
    windows.push(window);
    window = { startMs: window.endMs, endMs: window.endMs + windowMs };
  }
  return windows;
}

const compact = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/** A window's name, `20010125T000000Z-20010126T000000Z`: names sort by time. */
export const windowName = ({ startMs, endMs }: Window): string => `${compact(startMs)}-${compact(endMs)}`;

/** A window as facts and events have it. */
export const windowText = ({ startMs, endMs }: Window): { start: string; end: string } => ({
  start: new Date(startMs).toISOString(),
  end: new Date(endMs).toISOString(),
});

/** The window that {@link windowText} wrote. @throws RangeError where it is no interval */
export function parseWindow({ start, end }: { readonly start: string; readonly end: string }): Window {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  if (!(startMs < endMs)) throw new RangeError(`${start} to ${end} is no window`);
  return { startMs, endMs };
}

/**
 * The folders below an endpoint's capture that hold what came in an interval: `2001/01/25/` for a whole day,
 * `2001/01/25/10/` for an hour. Capture has a folder for each UTC hour. Source: SageMaker developer guide,
 * model-monitor-data-capture-endpoint.md.
 */
export function captureFolders({ startMs, endMs }: Window): string[] {
  const folders: string[] = [];
  for (let at = Math.floor(startMs / HOUR_MS) * HOUR_MS; at < endMs; ) {
    const isWholeDay = at % DAY_MS === 0 && at + DAY_MS <= endMs;
    folders.push(isWholeDay ? `${hourFolder(at).slice(0, 10)}/` : `${hourFolder(at)}/`);
    at += isWholeDay ? DAY_MS : HOUR_MS;
  }
  return folders;
}

/** The hour after a window: what was captured across its end may lie there. */
export const hourAfter = ({ endMs }: Window): string => `${hourFolder(Math.ceil(endMs / HOUR_MS) * HOUR_MS)}/`;
