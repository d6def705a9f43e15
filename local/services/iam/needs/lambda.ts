/**
 * What Lambda's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources, and
 * condition keys for AWS Lambda" (documented). Invoke's action is InvokeFunction.
 */
import { anywhere, type Needs, type NeedsTable, type Place, textOf } from './need.ts';

/** A function is named by name, partial ARN or ARN, each with or without a qualifier. */
const functionArn = ({ account, region }: Place, value: string) => {
  const name = value.replace(/^(?:arn:aws:lambda:[^:]*:)?(?:\d{12}:)?(?:function:)?/, '');
  return `arn:aws:lambda:${region}:${account}:function:${name}`;
};

const onFunction =
  (action: string): Needs =>
  (input, place) => {
    const arn = functionArn(place, textOf(input.FunctionName));
    const qualifier = textOf(input.Qualifier);
    return [{ action: `lambda:${action}`, resource: qualifier === '' ? arn : `${arn}:${qualifier}` }];
  };

const onMapping =
  (action: string): Needs =>
  (input, { account, region }) => [
    {
      action: `lambda:${action}`,
      resource: `arn:aws:lambda:${region}:${account}:event-source-mapping:${textOf(input.UUID)}`,
    },
  ];

export const LAMBDA_NEEDS: NeedsTable = {
  Invoke: onFunction('InvokeFunction'),
  GetFunction: onFunction('GetFunction'),
  GetFunctionConfiguration: onFunction('GetFunctionConfiguration'),
  GetFunctionConcurrency: onFunction('GetFunctionConcurrency'),
  GetFunctionEventInvokeConfig: onFunction('GetFunctionEventInvokeConfig'),
  GetPolicy: onFunction('GetPolicy'),
  GetFunctionUrlConfig: onFunction('GetFunctionUrlConfig'),
  ListFunctions: anywhere('lambda:ListFunctions'),
  ListEventSourceMappings: anywhere('lambda:ListEventSourceMappings'),
  GetEventSourceMapping: onMapping('GetEventSourceMapping'),
  UpdateEventSourceMapping: onMapping('UpdateEventSourceMapping'),
  // A function's own address: both actions since October 2025
  // (docs.aws.amazon.com/lambda/latest/dg/urls-auth.html, documented).
  FunctionUrl: (input, place) => {
    const resource = functionArn(place, textOf(input.FunctionName));
    return [
      {
        action: 'lambda:InvokeFunctionUrl',
        resource,
        context: { 'lambda:functionurlauthtype': textOf(input.AuthType) },
      },
      { action: 'lambda:InvokeFunction', resource, context: { 'lambda:invokedviafunctionurl': 'true' } },
    ];
  },
};
