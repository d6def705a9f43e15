/** The operations of Lambda that code in the cloud's process uses, as HTTP requests and back. */
import type { RestOperation } from './client.ts';
import { bytes, carried, refuseOthers, text } from './request-members.ts';

// Members of Invoke that are not its payload travel in headers:
// docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (documented)
const HEADERS = {
  ClientContext: 'x-amz-client-context',
  InvocationType: 'x-amz-invocation-type',
  LogType: 'x-amz-log-type',
};

export const OPERATIONS: Readonly<Record<string, RestOperation>> = {
  async Invoke(input, send) {
    refuseOthers('Invoke', input, ['FunctionName', 'Payload', ...Object.keys(HEADERS)]);
    const { status, headers, body } = await send({
      method: 'POST',
      url: `/2015-03-31/functions/${encodeURIComponent(text(input, 'FunctionName'))}/invocations`,
      headers: carried(input, HEADERS),
      body: await bytes(input, 'Payload'),
    });
    return { StatusCode: status, FunctionError: headers['x-amz-function-error'], Payload: new Uint8Array(body) };
  },
};
