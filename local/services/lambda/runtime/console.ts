import { format } from 'node:util';

const METHODS = [
  ['trace', 'TRACE'],
  ['debug', 'DEBUG'],
  ['log', 'INFO'],
  ['info', 'INFO'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
] as const;

export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';

/** Writes one log event. Lines within it are parted by carriage returns, so that they stay one event. */
export type LogWriter = (level: LogLevel, parts: readonly unknown[]) => void;

/**
 * The log lines of the Node.js runtime: tab-separated time, request id, level and message, or one JSON object.
 * Source: docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html (documented).
 */
export const createLogWriter = (logFormat: 'Text' | 'JSON', requestId: () => string | undefined): LogWriter => {
  return (level, parts) => {
    const timestamp = new Date().toISOString();
    const message = format(...parts);
    const line =
      logFormat === 'JSON'
        ? JSON.stringify({ timestamp, level, requestId: requestId(), message })
        : [timestamp, requestId(), level, message].join('\t');
    process.stdout.write(`${line.replaceAll('\n', '\r')}\n`);
  };
};

/** Makes the console write log events. What writes to stdout or stderr itself is left alone. */
export const installConsole = (write: LogWriter): void => {
  for (const [method, level] of METHODS) {
    console[method] = (...parts: unknown[]) => write(level, parts);
  }
};
