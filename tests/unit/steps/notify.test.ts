import { describe, expect, it } from 'vitest';

import { type Notice, notices } from '../../../functions/notify/notice.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { type Fuse, fragileStore, fuse } from './crash.ts';
import { DAYS_LATER, loopWorld, MODEL, RUN, woken } from './loop-world.ts';

const REASONS = [
  { code: 'a', message: 'log loss is 0.7, above 0.6' },
  { code: 'b', message: 'worse than the champion by 0.03' },
];

const world = () => {
  const loop = loopWorld();
  const sent: Notice[] = [];
  const send = (through: Fuse) => (subject: string, message: string) =>
    through.guard(async () => void sent.push({ subject, message }));
  const wake = (eventId = 'event-1', now?: Date, through = fuse(0, 'before')) =>
    notify({ ledger: ledgerOn(fragileStore(loop.store, through)), send: send(through) })(notices.candidateRejected)(
      woken({ model: MODEL, run: RUN, reasons: REASONS }, { eventId, ...(now && { now }) }),
    );
  return { ...loop, sent, wake };
};

describe('a notice', () => {
  it('is sent with what happened in the subject and every reason below', async () => {
    const run = world();

    expect(await run.wake()).toEqual({ outcome: 'told' });

    expect(run.sent).toEqual([
      {
        subject: `${MODEL}: the candidate of run ${RUN} was rejected`,
        message: `${MODEL}: the candidate of run ${RUN} was rejected\n\n- log loss is 0.7, above 0.6\n- worse than the champion by 0.03`,
      },
    ]);
  });

  it('is not sent again when the event comes again, at once or days later, and another event’s is', async () => {
    const run = world();
    await run.wake();
    const before = await run.state();

    expect(await run.wake()).toEqual({ outcome: 'existed' });
    expect(await run.wake('event-1', DAYS_LATER)).toEqual({ outcome: 'existed' });

    expect(run.sent).toHaveLength(1);
    expect(await run.state()).toEqual(before);
    expect(await run.wake('event-2')).toEqual({ outcome: 'told' });
    expect(run.sent).toHaveLength(2);
  });

  it.each([
    ['before sending', 1, 'before', 1],
    ['between sending and recording', 2, 'before', 2],
    ['after recording', 2, 'after', 1],
  ] as const)('is sent after a crash %s, at most once more', async (_when, at, when, times) => {
    const run = world();
    await expect(run.wake('event-1', undefined, fuse(at, when))).rejects.toThrow('effect');

    await run.wake();

    expect(run.sent).toHaveLength(times);
  });
});

describe('the words', () => {
  it('name file, line, column and part of what is wrong with a dataset, and the report', () => {
    const { message } = notices.datasetRejected({
      model: MODEL,
      key: 'incoming/late-bus/x.csv',
      problems: [
        { code: 'ragged', message: '3 fields, not 4', line: 7 },
        { code: 'type', message: 'not a number', part: 'b.csv', line: 2, column: 'load' },
        { code: 'empty', message: 'no rows' },
      ],
      reportKey: 'datasets/late-bus/x/report.html',
    });

    expect(message).toContain('incoming/late-bus/x.csv is untouched');
    expect(message).toContain('- line 7: 3 fields, not 4');
    expect(message).toContain('- part b.csv, line 2, column load: not a number');
    expect(message).toContain('- no rows');
    expect(message).toContain('Report: datasets/late-bus/x/report.html');
  });

  it('say how to answer where a candidate is held', () => {
    const { message } = notices.candidateHeld({ model: MODEL, run: RUN, reasons: REASONS });

    expect(message).toContain(`npx millrace approve ${RUN}`);
    expect(message).toContain(`npx millrace reject ${RUN}`);
  });

  it.each(['champion_changed', 'approval_expired'])('do not ask for an answer after one that came to %s', (code) => {
    const { message } = notices.candidateHeld({ model: MODEL, run: RUN, reasons: [{ code, message: 'too late' }] });

    expect(message).toContain('too late');
    expect(message).not.toContain('npx millrace');
  });

  it('say how a run ended, and why', () => {
    const said = notices.runEnded({ model: MODEL, run: RUN, end: 'failed', reason: 'no row is left to judge on' });

    expect(said.subject).toBe(`${MODEL}: run ${RUN} failed`);
    expect(said.message).toContain('no row is left to judge on');
  });

  it.each([
    [true, 'accepted'],
    [false, 'rejected'],
  ])('tell the uploader of known bytes what had come of them (accepted: %s)', (accepted, word) => {
    const { message } = notices.datasetRepeated({ model: MODEL, key: 'k.csv', dataset: 'd1', accepted });

    expect(message).toContain(`k.csv has the same bytes as dataset d1, which was ${word}`);
  });

  it.each([
    ['drift', notices.driftNotMeasured],
    ['the quality', notices.qualityNotMeasured],
  ] as const)(
    'say of a window whose %s could not be measured which it is, why, and that nothing is known',
    (what, say) => {
      const { subject, message } = say({
        model: MODEL,
        run: RUN,
        window: { start: '2001-01-25T00:00:00.000Z', end: '2001-01-26T00:00:00.000Z' },
        reasons: [{ code: 'unreadable_records', message: '12 captured records could not be read' }],
        driftKey: 'monitoring/late-bus/one/of-it.json',
        qualityKey: 'monitoring/late-bus/one/of-it.json',
      });

      expect(subject).toBe(`${MODEL}: ${what} could not be measured`);
      expect(message).toContain('2001-01-25T00:00:00.000Z to 2001-01-26T00:00:00.000Z');
      expect(message).toContain('- 12 captured records could not be read');
      expect(message).toContain('Nothing is known of this window');
      expect(message).toContain('Details: monitoring/late-bus/one/of-it.json');
    },
  );

  it('of every kind begin with the model, and fit into the subject of a message', () => {
    const data = {
      model: 'm'.repeat(19),
      run: RUN,
      key: 'k',
      problems: [],
      reportKey: null,
      reason: 'r',
      reasons: [],
      endpointName: 'e',
      end: 'failed',
      dataset: 'd',
      accepted: true,
      trigger: 'drift',
      proposal: 'investigate',
      window: { start: 's', end: 'e' },
      driftKey: 'k',
      qualityKey: 'k',
    };

    for (const say of Object.values(notices)) {
      const { subject } = say(data);
      expect(subject.startsWith(`${data.model}: `)).toBe(true);
      expect(subject.length).toBeLessThanOrEqual(100);
    }
  });
});
