import { type Cloud, type Json, type LambdaApi, type Service, ServiceError } from '../../contracts.ts';
import { createAsynchronousInvocations } from './asynchronous.ts';
import { createEnvironmentPool } from './environment-pool.ts';
import { type StartEnvironment, startEnvironment } from './execution-environment.ts';
import { functionOf, functionPolicy } from './function-policy.ts';
import { eventOf, mayInvoke, sendMessage, sendResult } from './function-url.ts';
import { createInvoker } from './invoker.ts';
import { lambdaRoutes, readPayload } from './operations.ts';
import { createRegistry } from './registry.ts';
import { lambdaResources } from './resources.ts';

/** `/_url/<id>` and what follows it. */
const FUNCTION_URL = /^\/_url\/([^/?]+)(.*)$/s;
// The limit of a request to a function URL: 6 MB (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, documented).
const MAX_URL_BODY_BYTES = 6_291_456;

const parse = (text: string): Json => JSON.parse(text);

/**
 * Lambda: functions from their packaged bundles, each in processes of its own, and everything that wakes them.
 * @param start Starts what runs a function, where that is not to be a process.
 */
export const createLambda = (
  cloud: Cloud,
  start: StartEnvironment = startEnvironment,
): { service: Service; api: LambdaApi } => {
  const registry = createRegistry(cloud);
  const pool = createEnvironmentPool(cloud, start);
  const invoker = createInvoker(cloud, pool);
  const asynchronous = createAsynchronousInvocations(cloud, invoker);
  const routes = lambdaRoutes(cloud, registry, invoker, asynchronous);

  const service: Service = {
    scope: 'lambda',
    api: {
      protocol: 'rest',
      async handle(request, response, call) {
        const target = request.url ?? '/';
        const door = FUNCTION_URL.exec(target);
        if (door) {
          const [, id = '', rest = ''] = door;
          const url = registry.urls.get(id);
          if (!url) return sendMessage(response, 404, 'Not Found');
          const body = await readPayload(request, MAX_URL_BODY_BYTES);
          call.verifyBody(body);
          if (!mayInvoke(cloud, url, call)) return sendMessage(response, 403, 'Forbidden');
          const path = rest.startsWith('/') ? rest : `/${rest}`;
          try {
            const event = eventOf(cloud, url, request, path, body, call);
            return sendResult(
              response,
              await invoker.invoke(url.definition, JSON.stringify(event), { isChecked: true }),
            );
          } catch (cause) {
            if (!(cause instanceof ServiceError) || cause.code !== 'TooManyRequestsException') throw cause;
            return sendMessage(response, 429, 'Too Many Requests');
          }
        }

        const { pathname, searchParams } = new URL(target, cloud.url());
        for (const route of routes) {
          const match = route.method === request.method ? route.path.exec(pathname) : null;
          if (!match) continue;
          const name = decodeURIComponent(match[1] ?? '');
          const parameters = Object.fromEntries(searchParams);
          const input = { ...(route.member === undefined ? {} : { [route.member]: name }), ...parameters };
          call.note(route.operation, input);
          const unknown = Object.keys(parameters).find((parameter) => !(parameter in route.query));
          if (unknown !== undefined) {
            throw new ServiceError(
              'InvalidParameterValueException',
              `${route.operation}: ${unknown} is not supported`,
              400,
              { Type: 'User' },
            );
          }
          await call.admit(route.operation, input);
          return route.handle({ request, response, call, name, query: searchParams });
        }
        throw new ServiceError(
          'UnknownOperationException',
          `Lambda: ${request.method} ${pathname} is not implemented; there is ${routes.map((route) => route.operation).join(', ')}`,
          404,
        );
      },
    },
    policies: {
      has: (arn) => functionOf(registry, arn) !== undefined,
      of: (arn) => functionPolicy(registry, arn),
      all: () => [...registry.permissions.keys()].flatMap((name) => registry.functions.get(name)?.arn ?? []),
    },
    resources: lambdaResources(cloud, registry, pool, invoker),
    started() {
      for (const { poller } of registry.mappings.values()) poller.start();
    },
    async close() {
      for (const { poller } of registry.mappings.values()) poller.stop();
      await pool.close();
    },
  };

  const api: LambdaApi = {
    invokeAsync(functionArn, payload) {
      api.invokeAsyncText(functionArn, JSON.stringify(payload));
    },
    invokeAsyncText(functionArn, payload) {
      const definition = registry.find(functionArn);
      asynchronous.accept(definition, registry.eventInvokeConfig(definition), payload, { isChecked: true });
    },
    async invoke(functionArn, payload) {
      const result = await invoker.invoke(registry.find(functionArn), JSON.stringify(payload), { isChecked: true });
      return {
        payload: parse(result.payload),
        ...(result.functionError === undefined ? {} : { functionError: result.functionError }),
      };
    },
    crash: (functionArn) => pool.crash(registry.find(functionArn)),
  };
  return { service, api };
};
