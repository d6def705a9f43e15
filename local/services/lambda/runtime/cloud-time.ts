import type { ClockReading } from './messages.ts';

/**
 * Makes `Date` show the cloud's time: `Date.now()`, `new Date()`, `Date()`. What measures spans (`performance`,
 * timers) is the machine's, since the work is done on the machine.
 *
 * @returns sets what the cloud's clock shows at a time of the machine, and its rate from then on.
 */
export const installCloudTime = (): ((reading: ClockReading) => void) => {
  const MachineDate = Date;
  let reading: ClockReading | undefined;
  const now = () => {
    const machineMs = MachineDate.now();
    if (!reading) return machineMs;
    return Math.floor(reading.cloudMs + (machineMs - reading.machineMs) * reading.rate);
  };
  const CloudDate: DateConstructor = new Proxy(MachineDate, {
    apply: () => new MachineDate(now()).toString(),
    construct(target, args, newTarget): Date {
      return Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === CloudDate ? target : newTarget,
      );
    },
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
  // So that `new date.constructor()` tells the cloud's time, too.
  MachineDate.prototype.constructor = CloudDate;
  globalThis.Date = CloudDate;
  return (read) => {
    reading = read;
  };
};
