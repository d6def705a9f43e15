/** The operations of SageMaker's runtime that code in the cloud's process uses, as HTTP requests and back. */
import type { RestOperation } from './client.ts';
import { bytes, carried, refuseOthers, text } from './request-members.ts';

// Members of InvokeEndpoint that are not its body travel in headers:
// docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (documented)
const HEADERS = {
  Accept: 'accept',
  ContentType: 'content-type',
  CustomAttributes: 'x-amzn-sagemaker-custom-attributes',
  InferenceId: 'x-amzn-sagemaker-inference-id',
  TargetVariant: 'x-amzn-sagemaker-target-variant',
};

export const OPERATIONS: Readonly<Record<string, RestOperation>> = {
  async InvokeEndpoint(input, send) {
    refuseOthers('InvokeEndpoint', input, ['EndpointName', 'Body', ...Object.keys(HEADERS)]);
    const { headers, body } = await send({
      method: 'POST',
      url: `/endpoints/${encodeURIComponent(text(input, 'EndpointName'))}/invocations`,
      headers: carried(input, HEADERS),
      body: await bytes(input, 'Body'),
    });
    return {
      Body: new Uint8Array(body),
      ContentType: headers['content-type'],
      InvokedProductionVariant: headers['x-amzn-invoked-production-variant'],
      CustomAttributes: headers[HEADERS.CustomAttributes],
    };
  },
};
