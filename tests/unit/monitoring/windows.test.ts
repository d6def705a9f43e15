import { describe, expect, it } from 'vitest';
import { EventSet } from '../../../shared/monitoring/event-set.ts';
import {
  ALLOWED_LATENESS_MS,
  captureFolders,
  closedWindows,
  hourAfter,
  isClosed,
  parseWindow,
  windowAt,
  windowName,
  windowText,
} from '../../../shared/monitoring/windows.ts';
import fc from '../../fast-check.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);

describe('a window', () => {
  it('of a day is a day in UTC, and begins where the one before ends', () => {
    const window = windowAt(at('2001-01-25T10:15:00Z'), DAY);

    expect(windowText(window)).toEqual({ start: '2001-01-25T00:00:00.000Z', end: '2001-01-26T00:00:00.000Z' });
    expect(windowName(window)).toBe('20010125T000000Z-20010126T000000Z');
    expect(windowAt(window.endMs, DAY).startMs).toBe(window.endMs);
    expect(windowAt(window.endMs - 1, DAY)).toEqual(window);
  });

  it('is closed when what comes late has had its time, and not before', () => {
    const window = windowAt(at('2001-01-25T10:15:00Z'), DAY);

    expect(isClosed(window, window.endMs + ALLOWED_LATENESS_MS - 1)).toBe(false);
    expect(isClosed(window, window.endMs + ALLOWED_LATENESS_MS)).toBe(true);
  });

  it('is told from the one on in which the model came into service, oldest first and a bounded number', () => {
    const [since, now] = [at('2001-01-25T10:15:00Z'), at('2001-01-29T00:30:00Z')];

    const names = closedWindows(since, now, DAY, 10).map(windowName);

    expect(names).toEqual([
      '20010125T000000Z-20010126T000000Z',
      '20010126T000000Z-20010127T000000Z',
      '20010127T000000Z-20010128T000000Z',
    ]);
    expect(closedWindows(since, now, DAY, 2).map(windowName)).toEqual(names.slice(0, 2));
  });

  it('reads back what it wrote, and refuses what is no interval', () => {
    const window = windowAt(at('2001-01-25T10:15:00Z'), HOUR);

    expect(parseWindow(windowText(window))).toEqual(window);
    expect(() => parseWindow({ start: windowText(window).end, end: windowText(window).start })).toThrow(RangeError);
  });

  it('reads whole days where it covers them, and hours where it does not', () => {
    const window = { startMs: at('2001-01-24T22:30:00Z'), endMs: at('2001-01-27T01:10:00Z') };

    expect(captureFolders(window)).toEqual([
      '2001/01/24/22/',
      '2001/01/24/23/',
      '2001/01/25/',
      '2001/01/26/',
      '2001/01/27/00/',
      '2001/01/27/01/',
    ]);
    expect(hourAfter(window)).toBe('2001/01/27/02/');
    expect(captureFolders(windowAt(at('2001-01-25T10:15:00Z'), DAY))).toEqual(['2001/01/25/']);
    expect(hourAfter(windowAt(at('2001-01-25T10:15:00Z'), DAY))).toBe('2001/01/26/00/');
  });
});

describe('the events of a window', () => {
  it('are new once each, however many there are and whatever their bits', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 0xffffffff }));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 500 }), (pairs) => {
        const [set, known] = [new EventSet(), new Set<string>()];
        for (const [high, low] of pairs) {
          // Two zeros stand for an empty place, and share the bits beside them.
          const name = high === 0 && low === 0 ? '0 1' : `${high} ${low}`;
          expect(set.add(high, low)).toBe(!known.has(name));
          known.add(name);
        }
        expect(set.size).toBe(known.size);
      }),
      { seed: 3, numRuns: 50 },
    );
  });

  it('are told apart after the memory has grown', () => {
    const set = new EventSet();

    for (let event = 0; event < 50_000; event += 1) set.add(Math.imul(event, 0x9e3779b1) >>> 0, event);

    expect(set.size).toBe(50_000);
    expect(set.add(Math.imul(777, 0x9e3779b1) >>> 0, 777)).toBe(false);
    expect(set.add(1, 60_000)).toBe(true);
  });
});
