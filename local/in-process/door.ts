/**
 * The door for functions that run in this process: the same services, checks, permissions, faults and record as behind
 * the door that listens, without HTTP and without signatures, because who asks is known.
 */
import { type Call, type JsonObject, type Principal, type Service, ServiceError, Unanswered } from '../contracts.ts';
import { admit, createAnswerGate } from '../http/admission.ts';
import { asServiceError, translated } from '../http/errors.ts';
import type { House } from '../http/server.ts';
import { recordedServiceName } from '../record.ts';
import { exchange, type MemoryAnswer, type MemoryRequestOptions } from './memory-http.ts';

/** Where requests of this process are answered. */
export interface InnerDoor {
  /**
   * Has an operation of a JSON or query service run. Neither its input nor its answer is copied: the input must be the
   * caller's own, and nothing in the answer may be changed or kept.
   * @param scope The service's name in a signature's scope.
   * @throws ServiceError; Unanswered when a fault lets nobody hear.
   */
  run(principal: Principal, scope: string, operation: string, input: JsonObject): Promise<JsonObject>;
  /**
   * Has a request answered by a service that reads the request itself.
   * @throws ServiceError also for an answer of 400 and above.
   */
  exchange(principal: Principal, scope: string, request: MemoryRequestOptions): Promise<MemoryAnswer>;
}

type InnerHouse = Pick<House, 'services' | 'iam' | 'faults' | 'id' | 'recorder'>;

/** In the record, of a request that nobody answered. */
const NO_STATUS = 0;

/** The address requests of this process come from. */
const SOURCE_IP = '127.0.0.1';

const serviceOf = (house: InnerHouse, scope: string, isRest: boolean): Service => {
  const found = house
    .services()
    .find((service) => service.scope === scope && (service.api.protocol === 'rest') === isRest);
  if (found) return found;
  throw new ServiceError('UnknownOperationException', `The service ${scope} is not implemented in this cloud`, 404);
};

export const createInnerDoor = (house: InnerHouse): InnerDoor => {
  /** Runs `work` as one request, and records it. */
  const request = async <T>(
    principal: Principal,
    { scope, api }: Service,
    work: (call: Call) => Promise<T>,
    statusOf: (answer: T) => number,
  ): Promise<T> => {
    let note: { operation: string; params: JsonObject } | undefined;
    const record = (status: number, error: string | null) => {
      if (!note) return;
      const service = recordedServiceName(scope, api.protocol);
      house.recorder.write({ service, ...note, principal: principal.arn, status, error });
    };
    const gate = createAnswerGate();
    const call: Call = {
      principal,
      requestId: house.id('uuid'),
      sourceIp: SOURCE_IP,
      verifyBody: () => undefined,
      note: (operation, params) => {
        note = { operation, params };
      },
      admit: (operation, params) =>
        admit({ iam: house.iam(), faults: house.faults() }, scope, operation, params, call, gate),
    };
    try {
      const answer = await work(call).catch((error: unknown) => {
        gate.pass('refused');
        throw error;
      });
      gate.pass('done');
      record(statusOf(answer), null);
      return answer;
    } catch (error) {
      if (error instanceof Unanswered) {
        record(NO_STATUS, error.name);
        throw error;
      }
      const failure = asServiceError(error);
      record(failure.status, failure.code);
      throw failure;
    }
  };

  return {
    async run(principal, scope, name, input) {
      const service = serviceOf(house, scope, false);
      const { api } = service;
      const operation =
        api.protocol !== 'rest' && Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
      if (!operation) {
        throw new ServiceError(
          'UnknownOperationException',
          `The operation ${name} of ${scope} is not implemented in this cloud`,
          404,
        );
      }
      const work = async (call: Call): Promise<JsonObject> => {
        await call.admit(name, input);
        return (await operation(input, call)) ?? {};
      };
      return request(principal, service, work, () => 200);
    },
    async exchange(principal, scope, options) {
      const service = serviceOf(house, scope, true);
      const { api } = service;
      if (api.protocol !== 'rest') throw new TypeError(`${scope} reads no requests itself`);
      const work = async (call: Call): Promise<MemoryAnswer> => {
        try {
          let document: MemoryAnswer['document'];
          const takeDocument: Call['takeDocument'] = (root, content) => {
            document = { root, content };
          };
          const answer = await exchange(options, (incoming, response) =>
            api.handle(incoming, response, { ...call, takeDocument, leavesChecksums: true }),
          );
          if (answer.status < 400) return document ? { ...answer, document } : answer;
          const code = answer.headers['x-amzn-errortype'] ?? String(answer.status);
          throw new ServiceError(code, answer.body.toString(), answer.status);
        } catch (error) {
          if (error instanceof Unanswered) throw error;
          throw translated(asServiceError(error), api.errors === 'xml' ? 'rest-xml' : 'rest-json');
        }
      };
      return request(principal, service, work, ({ status }) => status);
    },
  };
};
