/**
 * Makes `Date` show the cloud's time: `Date.now()`, `new Date()`, `Date()`. What measures spans (`performance`,
 * timers) is the machine's, since the work is done on the machine.
 *
 * @returns sets the offset from the machine's time, milliseconds.
 */
export const installCloudTime = (): ((offsetMs: number) => void) => {
  const MachineDate = Date;
  let offset = 0;
  const now = () => MachineDate.now() + offset;
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
  return (offsetMs) => {
    offset = offsetMs;
  };
};
