import { type Cloud, ServiceError } from '../../contracts.ts';
import { DEFAULT_EVENT_INVOKE_CONFIG, type EventInvokeConfig } from './asynchronous.ts';
import type { EventSourceMapping, Poller } from './event-source-mapping.ts';
import type { FunctionDefinition, Layer } from './function-definition.ts';
import type { FunctionUrl } from './function-url.ts';

/** One statement of a function's resource policy. */
export interface Permission {
  readonly id: string;
  readonly action: string;
  readonly principal: string;
  readonly sourceArn?: string;
  readonly sourceAccount?: string;
  readonly functionUrlAuthType?: string;
  readonly invokedViaFunctionUrl?: boolean;
}

export const notFound = (message: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', message, 404, { Type: 'User' });

/** What the account has of Lambda. */
export interface Registry {
  readonly functions: Map<string, FunctionDefinition>;
  readonly layers: Map<string, Layer>;
  readonly eventInvokeConfigs: Map<string, EventInvokeConfig>;
  readonly mappings: Map<string, { readonly mapping: EventSourceMapping; readonly poller: Poller }>;
  readonly urls: Map<string, FunctionUrl>;
  /** By function name; a list is replaced when it grows. */
  readonly permissions: Map<string, readonly Permission[]>;
  /**
   * Finds a function by name, partial ARN or ARN, with or without `$LATEST`; there are no other versions here.
   * @throws ServiceError ResourceNotFoundException.
   */
  find(nameOrArn: string, qualifier?: string): FunctionDefinition;
  eventInvokeConfig(definition: FunctionDefinition): EventInvokeConfig;
}

// Name, partial ARN and ARN: docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (documented).
const NAME =
  /^(?:(?:arn:aws:lambda:[a-z0-9-]+:)?(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

export const createRegistry = (cloud: Cloud): Registry => {
  const functions = new Map<string, FunctionDefinition>();
  const eventInvokeConfigs = new Map<string, EventInvokeConfig>();
  return {
    functions,
    layers: new Map(),
    eventInvokeConfigs,
    mappings: new Map(),
    urls: new Map(),
    permissions: new Map(),
    find(nameOrArn, given) {
      const [, account, name = '', inArn] = NAME.exec(nameOrArn) ?? [];
      const qualifier = given ?? inArn;
      const definition = functions.get(name);
      if (!definition || (account !== undefined && account !== cloud.account)) {
        const arn = nameOrArn.startsWith('arn:')
          ? nameOrArn
          : `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${nameOrArn}`;
        throw notFound(`Function not found: ${arn}`);
      }
      if (qualifier !== undefined && qualifier !== '$LATEST') {
        throw notFound(`Function not found: ${definition.arn}:${qualifier}`);
      }
      return definition;
    },
    eventInvokeConfig: (definition) => eventInvokeConfigs.get(definition.name) ?? DEFAULT_EVENT_INVOKE_CONFIG,
  };
};
