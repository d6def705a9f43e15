/** What the Lambda service and an execution environment say to each other over the process's IPC channel. */

/** How a failure goes over the wire. Order of members as the Node.js runtime writes them (documented). */
export interface FunctionFailure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** How the cloud's time follows from the machine's. */
export interface ClockReading {
  /** Epoch milliseconds of the cloud, … */
  readonly cloudMs: number;
  /** … when the machine's clock showed these. */
  readonly machineMs: number;
  /** Cloud seconds in a second of the machine. Of a clock that stands 1: what works takes its time. */
  readonly rate: number;
}

export interface InitMessage {
  readonly kind: 'init';
  readonly clock: ClockReading;
  readonly taskRoot: string;
  readonly handler: string;
  readonly logFormat: 'Text' | 'JSON';
}

export interface InvokeMessage {
  readonly kind: 'invoke';
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
  readonly clock: ClockReading;
  /** Cloud time, epoch milliseconds. */
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly clientContext?: string;
}

export type ToEnvironment = InitMessage | InvokeMessage;

export type FromEnvironment =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init-error'; readonly failure: FunctionFailure }
  | {
      readonly kind: 'response';
      readonly requestId: string;
      readonly payload: string;
      readonly maxMemoryKb: number;
    }
  | {
      readonly kind: 'error';
      readonly requestId: string;
      readonly failure: FunctionFailure;
      /** The process ends after this message. */
      readonly fatal: boolean;
      readonly maxMemoryKb: number;
    };

/**
 * Written to stdout and stderr when an invocation is over, so that the reader knows that it has every line: the IPC
 * channel and the two pipes keep no order among each other.
 */
export const endOfOutput = (requestId: string): string => `\u0000end ${requestId}\n`;
