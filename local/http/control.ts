/** The administrator's door: the clock, what is under way, settling and starting afresh, for other processes. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { MAX_RATE } from '../clock.ts';
import { type Json, type JsonObject, ServiceError } from '../contracts.ts';
import { putFaults, showFaults } from '../faults/control.ts';
import type { FaultControl } from '../faults/faults.ts';
import { readBody } from './body.ts';
import { answer } from './errors.ts';

/** What the door opens on. */
export interface Controls {
  /** Left out: the door has no faults. */
  readonly faults?: () => FaultControl;
  readonly now: () => Date;
  /** Cloud seconds in a real second; 0 while the clock stands. */
  readonly rate: () => number;
  readonly run: (rate: number) => void;
  readonly advance: (byMs: number) => Promise<void>;
  readonly setTime: (epochMs: number) => Promise<void>;
  readonly pending: () => readonly string[];
  readonly nextTimer: () => number | undefined;
  readonly settle: (options: { advanceMs?: number }) => Promise<void>;
  readonly reset: () => Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024;
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

const invalid = (message: string) => new ServiceError('ValidationException', message);

/** @returns Milliseconds of a number of them or of an ISO 8601 duration in days, hours, minutes and seconds. */
export const durationMs = (value: Json | undefined): number => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  const match = typeof value === 'string' && value.length > 2 && !value.endsWith('T') ? DURATION.exec(value) : null;
  if (!match) throw invalid(`a duration is a number of milliseconds or like PT1H30M, not ${JSON.stringify(value)}`);
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
};

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readJson = async (request: IncomingMessage): Promise<JsonObject> => {
  const text = (await readBody(request, BODY_LIMIT_BYTES)).toString();
  if (text === '') return {};
  let parsed: Json;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid('the body is not JSON');
  }
  if (!isObject(parsed)) throw invalid('the body is not an object');
  return parsed;
};

const onlyMembers = (body: JsonObject, names: readonly string[]) => {
  for (const name of Object.keys(body))
    if (!names.includes(name)) throw invalid(`unknown member ${name}; known: ${names.join(', ')}`);
};

const timeOf = (value: Json): number => {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw invalid(`set is an ISO 8601 time, not ${JSON.stringify(value)}`);
  return time;
};

const rateOf = (value: Json): number => {
  if (typeof value === 'number' && value >= 0 && value <= MAX_RATE) return value;
  throw invalid(
    `rate is a number of cloud seconds in a real second, from 0 to ${MAX_RATE}, not ${JSON.stringify(value)}`,
  );
};

/** `{ "advance": … }` or `{ "set": … }`, and with either or alone `{ "rate": … }`, which holds from the new time on. */
const moveClock = async (controls: Controls, body: JsonObject): Promise<void> => {
  onlyMembers(body, ['advance', 'set', 'rate']);
  const { advance, set, rate } = body;
  if (advance !== undefined && set !== undefined) throw invalid('give either advance or set');
  if (advance === undefined && set === undefined && rate === undefined)
    throw invalid('give advance or set, rate, or one of the two and rate');
  // All is read before anything is done.
  const byMs = advance === undefined ? undefined : durationMs(advance);
  const epochMs = set === undefined ? undefined : timeOf(set);
  const newRate = rate === undefined ? undefined : rateOf(rate);
  // A clock that ran on while it is moved would not be where it was sent.
  if (newRate !== undefined && (byMs !== undefined || epochMs !== undefined)) controls.run(0);
  if (byMs !== undefined) await controls.advance(byMs);
  if (epochMs !== undefined) await controls.setTime(epochMs);
  if (newRate !== undefined) controls.run(newRate);
};

/** Answers one request to the door. @throws ServiceError for what the door does not know. */
export const control = async (
  controls: Controls,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> => {
  // A web page can reach 127.0.0.1 too; browsers name the page they come from, the tools this door is for do not.
  if (request.headers.origin !== undefined)
    throw new ServiceError('AccessDeniedException', 'the control door is not for web pages', 403);
  const json = (body: JsonObject) =>
    answer(response, 200, { 'content-type': 'application/json' }, JSON.stringify(body));
  const clock = () => json({ now: controls.now().toISOString(), rate: controls.rate() });
  if (path === '/_cloud/faults' && controls.faults) {
    if (request.method === 'GET') return json(showFaults(controls.faults()));
    if (request.method === 'PUT') return json(putFaults(controls.faults(), await readJson(request)));
  }
  switch (`${request.method} ${path}`) {
    case 'GET /_cloud/clock':
      return clock();
    case 'POST /_cloud/clock': {
      await moveClock(controls, await readJson(request));
      return clock();
    }
    case 'GET /_cloud/activity': {
      const next = controls.nextTimer();
      return json({
        pending: [...controls.pending()],
        nextTimer: next === undefined ? null : new Date(next).toISOString(),
      });
    }
    case 'POST /_cloud/settle': {
      const body = await readJson(request);
      onlyMembers(body, ['advance']);
      await controls.settle(body.advance === undefined ? {} : { advanceMs: durationMs(body.advance) });
      return clock();
    }
    case 'POST /_cloud/reset':
      await controls.reset();
      return clock();
    default:
      throw new ServiceError('UnknownOperationException', `the control door has no ${request.method} ${path}`, 404);
  }
};
