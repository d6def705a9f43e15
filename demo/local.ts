/** `npm run local`: the local cloud with the stack deployed and the demo's models published, until it is stopped. */
import { parseArgs } from 'node:util';

import { pointingLines, startStack } from '../cli/local/stack.ts';

const { values } = parseArgs({ options: { record: { type: 'string' } } });
const port = Number(process.env.MILLRACE_PORT ?? 4566);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`MILLRACE_PORT is a port, or 0 for any free one; found ${process.env.MILLRACE_PORT}`);
  process.exit(2);
}

const stack = await startStack({ port, flow: true, ...(values.record !== undefined && { record: values.record }) });
console.log(`ready ${stack.cloud.url}`);
for (const line of pointingLines(stack)) console.log(line);

const stop = () => {
  stack.cloud.close().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
