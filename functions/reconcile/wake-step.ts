import type { Wake } from './lost-events.ts';

export interface WakeStepDeps {
  readonly stage: string;
  /** Puts a message on the queue of `deploy-model`. */
  readonly sendToDeploy: (body: string) => Promise<void>;
  /** Puts a message on the queue of `measure-quality`. */
  readonly sendToQuality: (body: string) => Promise<void>;
  /** Invokes a function without waiting for what comes of it. */
  readonly invoke: (functionName: string, event: object) => Promise<void>;
}

/** Wakes a step the way its own event would: through its queue where it has one, else by an asynchronous invocation. */
export const wakeStep =
  ({ stage, sendToDeploy, sendToQuality, invoke }: WakeStepDeps): Wake =>
  (step, event) => {
    if (step === 'deploy-model') return sendToDeploy(JSON.stringify(event));
    if (step === 'measure-quality') return sendToQuality(JSON.stringify(event));
    return invoke(`millrace-${stage}-${step}`, event);
  };
