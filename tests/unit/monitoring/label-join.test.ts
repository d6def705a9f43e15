import { describe, expect, it } from 'vitest';
import { type JoinSettings, LabelJoin } from '../../../shared/monitoring/label-join.ts';
import fc from '../../fast-check.ts';

const MEANING = 'late';
const WINDOW = { startMs: Date.parse('2001-01-25T00:00:00Z'), endMs: Date.parse('2001-01-26T00:00:00Z') };
const SETTINGS: JoinSettings = { window: WINDOW, outputs: 1, classes: null, meaning: MEANING };

const idAt = (ms: number, n: number) =>
  `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${n.toString(16).padStart(16, '0')}`;
const at = (time: string) => Date.parse(`2001-01-25T${time}Z`);
const labels = (arrivedAt: string, ...pairs: [string, string][]) => ({ arrivedAt, meaning: MEANING, labels: pairs });

describe('a join of labels', () => {
  it('finds the label of each prediction, also across the hour', () => {
    const join = new LabelJoin(SETTINGS);
    const [first, second] = [idAt(at('10:15:00'), 1), idAt(at('10:59:59'), 2)];

    join.hour([labels('2001-01-26T02:00:00Z', [first, '1'], [second, '0'])]);
    join.take(first, at('10:15:01'), [0.9], 0, 1);
    join.hour([]);
    join.take(second, at('11:00:02'), [0.2], 0, 1);
    const found = join.finish();

    expect([...found.labels]).toEqual([1, 0]);
    expect([...(found.scores[0] ?? [])]).toEqual([0.9, 0.2]);
    expect([...found.lagMs]).toEqual([56_700_000, 54_001_000]);
    expect(found.counts).toMatchObject({ requests: 2, unmatched: 0 });
  });

  it('takes the label that arrived last', () => {
    const join = new LabelJoin(SETTINGS);
    const id = idAt(at('10:15:00'), 1);

    join.hour([labels('2001-01-26T02:00:00Z', [id, '1']), labels('2001-01-27T02:00:00Z', [id, '0'])]);
    join.take(id, at('10:15:00'), [0.9], 0, 1);
    const found = join.finish();

    expect([...found.labels]).toEqual([0]);
    expect(found.counts.corrected).toBe(1);
  });

  it('gives each row of a request its own label, and none the label of them all', () => {
    const join = new LabelJoin(SETTINGS);
    const [rows, whole, single] = [1, 2, 3].map((n) => idAt(at('10:15:00'), n));

    join.hour([
      labels('2001-01-26T02:00:00Z', [`${rows}.0`, '1'], [`${rows}.2`, '0'], [`${whole}`, '1'], [`${single}.0`, '1']),
    ]);
    join.take(rows ?? '', at('10:15:00'), [0.1, 0.2, 0.3], 0, 3);
    join.take(whole ?? '', at('10:15:00'), [9, 0.4, 0.5], 1, 3);
    join.take(single ?? '', at('10:15:00'), [0.6], 0, 1);
    const found = join.finish();

    expect([...found.labels]).toEqual([1, Number.NaN, 0, Number.NaN, Number.NaN, 1]);
    expect([...(found.scores[0] ?? [])]).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    expect(found.counts).toMatchObject({ ambiguous: 1, unmatched: 0 });
  });

  it('counts what is captured twice once, and what is of another window not at all', () => {
    const join = new LabelJoin(SETTINGS);
    const id = idAt(at('10:15:00'), 1);

    join.hour([]);
    for (let again = 0; again < 3; again += 1) join.take(id, at('10:15:00'), [0.9], 0, 1);
    join.take(idAt(WINDOW.endMs, 2), WINDOW.endMs, [0.9], 0, 1);
    join.take(idAt(WINDOW.startMs - 1000, 3), WINDOW.startMs, [0.9], 0, 1);
    join.take('order-1', WINDOW.startMs, [0.9], 0, 1);

    expect(join.finish().counts).toMatchObject({ requests: 2, duplicates: 2, elsewhere: 2 });
  });

  it('counts labels nothing was captured for, and labels of another meaning', () => {
    const join = new LabelJoin(SETTINGS);
    const [known, unknown, outside] = [idAt(at('10:15:00'), 1), idAt(at('10:16:00'), 2), idAt(WINDOW.endMs, 3)];

    join.hour([
      labels('2001-01-26T02:00:00Z', [known, '1'], [unknown, '1'], [outside, '1'], ['order-1', '1']),
      { ...labels('2001-01-26T03:00:00Z', [known, '0']), meaning: 'very late' },
    ]);
    join.take(known, at('10:15:00'), [0.9], 0, 1);
    const found = join.finish();

    expect([...found.labels]).toEqual([1]);
    expect(found.counts).toMatchObject({ unmatched: 2, otherMeaning: 1 });
  });

  it('numbers classes as the model does, and those it was never taught after them', () => {
    const join = new LabelJoin({ ...SETTINGS, outputs: 2, classes: ['ant', 'bee'] });
    const ids = [1, 2].map((n) => idAt(at('10:15:00'), n));

    join.hour([labels('2001-01-26T02:00:00Z', [ids[0] ?? '', 'bee'], [ids[1] ?? '', 'crow'])]);
    for (const [n, id] of ids.entries()) join.take(id, at('10:15:00'), [0.3, 0.7, 0.4, 0.6], n, n + 1);
    const found = join.finish();

    expect([...found.labels]).toEqual([1, 2]);
    expect(found.classes).toEqual(['ant', 'bee', 'crow']);
    expect(found.scores.map((column) => [...column])).toEqual([
      [0.3, 0.4],
      [0.7, 0.6],
    ]);
  });

  it('comes to the same in whatever parts the labels land', () => {
    const requests = Array.from({ length: 40 }, (_, n) => idAt(at('10:00:00') + n * 120_000, n));
    const joined = (parts: readonly (readonly number[])[]) => {
      const join = new LabelJoin(SETTINGS);
      for (const hour of [10, 11]) {
        const inHour = (n: number) => Math.floor(n / 30) === hour - 10;
        join.hour(
          parts.map((part) =>
            labels(
              '2001-01-26T02:00:00Z',
              ...part.filter(inHour).map((n): [string, string] => [requests[n] ?? '', String(n % 2)]),
            ),
          ),
        );
        for (const [n, id] of requests.entries()) if (inHour(n)) join.take(id, at('10:00:00'), [n / 40], 0, 1);
      }
      return join.finish();
    };
    const whole = joined([requests.map((_, n) => n)]);

    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }), (places) => {
        const parts = [0, 1, 2, 3].map((part) => places.flatMap((place, n) => (place === part ? [n] : [])));
        expect(joined(parts)).toEqual(whole);
      }),
      { numRuns: 25 },
    );
  });
});
