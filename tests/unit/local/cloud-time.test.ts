import { afterEach, describe, expect, it } from 'vitest';

import { installCloudTime } from '../../../local/services/lambda/runtime/cloud-time.ts';

const MachineDate = Date;
const CLOUD_MS = Date.parse('2001-01-25T10:15:00Z');

describe('the time of a function’s process', () => {
  const machineNow = MachineDate.now;
  afterEach(() => {
    MachineDate.now = machineNow;
    MachineDate.prototype.constructor = MachineDate;
    globalThis.Date = MachineDate;
  });
  const install = () => {
    let machineMs = 5_000_000;
    MachineDate.now = () => machineMs;
    return {
      read: installCloudTime(),
      pass: (ms: number) => {
        machineMs += ms;
      },
    };
  };

  it('is the cloud’s, and runs as fast as the cloud’s', () => {
    const { read, pass } = install();
    read({ cloudMs: CLOUD_MS, machineMs: 5_000_000, rate: 60 });
    const first = new Date().toISOString();
    pass(1000);

    expect(first).toBe('2001-01-25T10:15:00.000Z');
    expect(new Date().toISOString()).toBe('2001-01-25T10:16:00.000Z');
    expect(Date.now()).toBe(CLOUD_MS + 60_000);
  });

  it('makes up for the time a message took to come', () => {
    const { read, pass } = install();
    pass(20);
    read({ cloudMs: CLOUD_MS, machineMs: 5_000_000, rate: 1 });

    expect(Date.now()).toBe(CLOUD_MS + 20);
  });
});
