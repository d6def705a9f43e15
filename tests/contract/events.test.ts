import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { envelopeSchema } from '../../events/envelope.ts';
import * as catalogue from '../../events/index.ts';

const contracts = Object.values(catalogue);
const samples = readdirSync('events/samples').map((name) => ({
  name,
  event: JSON.parse(readFileSync(`events/samples/${name}`, 'utf8')),
}));

/** The contract of a sample. */
const contractOf = (event: { 'detail-type': string }) =>
  contracts.find(({ detailType }) => detailType === event['detail-type']);

describe('the events', () => {
  it.each(samples)('read the sample $name as its contract says', ({ event }) => {
    const envelope = envelopeSchema.parse(event);
    expect(envelope.time.getUTCFullYear()).toBe(2001);
    const contract = contractOf(event);
    expect(contract?.source).toBe(event.source);
    expect(() => contract?.detail.parse(event.detail)).not.toThrow();
  });

  it('keep every member of the samples of our own events', () => {
    for (const { name, event } of samples.filter((sample) => sample.event.source === 'millrace')) {
      expect(contractOf(event)?.detail.parse(event.detail), name).toEqual(event.detail);
    }
  });

  it('read all forms in which AWS tells a time', () => {
    const time = new Date('2001-01-25T06:10:00Z');
    for (const form of [time.toISOString(), time.getTime(), String(time.getTime()), `${time.getTime()}.0`]) {
      expect(envelopeSchema.shape.time.parse(form)).toEqual(time);
    }
    expect(envelopeSchema.shape.time.safeParse('yesterday').success).toBe(false);
  });

  it('spell endpoint statuses one way, whichever way AWS does', () => {
    const parse = (status: string) =>
      catalogue.SageMakerEndpoint.detail.parse({ EndpointName: 'e', EndpointStatus: status });
    expect(parse('IN_SERVICE')).toEqual(parse('InService'));
  });

  it('refuse a detail that lacks what the contract names', () => {
    const { detail } = catalogue.RunPlannedV1;
    const sample = samples.find(({ name }) => name === 'run-planned.v1.json')?.event.detail;
    expect(detail.safeParse(sample).success).toBe(true);
    expect(detail.safeParse({ ...sample, data: { model: 'flight-delay' } }).success).toBe(false);
    expect(detail.safeParse({ data: sample.data }).success).toBe(false);
  });
});
