/**
 * The door for functions that run in this process: the same services, checks, permissions, faults and record as behind
 * the door that listens, without HTTP and without signatures, because who asks is known.
 */
import { goOn } from '../at-once.ts';
import { type Call, type JsonObject, type Principal, type Service, ServiceError, Unanswered } from '../contracts.ts';
import { admit, createAnswerGate } from '../http/admission.ts';
import { asServiceError, translated } from '../http/errors.ts';
import type { House } from '../http/server.ts';
import { recordedServiceName } from '../record.ts';
import { exchange, type MemoryAnswer, type MemoryRequestOptions } from './memory-http.ts';

/** Where requests of this process are answered: at once, as long as nothing of them has to be waited for. */
export interface InnerDoor {
  /**
   * Has an operation of a JSON or query service run. Neither its input nor its answer is copied: the input must be the
   * caller's own, and nothing in the answer may be changed or kept.
   * @param scope The service's name in a signature's scope.
   * @throws ServiceError; Unanswered when a fault lets nobody hear.
   */
  run(principal: Principal, scope: string, operation: string, input: JsonObject): JsonObject | Promise<JsonObject>;
  /**
   * Has a request answered by a service that reads the request itself.
   * @throws ServiceError also for an answer of 400 and above.
   */
  exchange(principal: Principal, scope: string, request: MemoryRequestOptions): MemoryAnswer | Promise<MemoryAnswer>;
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
  const request = <T>(
    principal: Principal,
    { scope, api }: Service,
    work: (call: Call) => T | Promise<T>,
    statusOf: (answer: T) => number,
  ): T | Promise<T> => {
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
    const fail = (error: unknown): never => {
      if (error instanceof Unanswered) {
        record(NO_STATUS, error.name);
        throw error;
      }
      const failure = asServiceError(error);
      record(failure.status, failure.code);
      throw failure;
    };
    const refuse = (error: unknown): never => {
      try {
        gate.pass('refused');
      } catch (fault) {
        return fail(fault);
      }
      return fail(error);
    };
    const give = (answer: T): T => {
      try {
        gate.pass('done');
      } catch (fault) {
        return fail(fault);
      }
      record(statusOf(answer), null);
      return answer;
    };
    let working: T | Promise<T>;
    try {
      working = work(call);
    } catch (error) {
      return refuse(error);
    }
    return working instanceof Promise ? working.then(give, refuse) : give(working);
  };

  return {
    run(principal, scope, name, input) {
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
      const work = (call: Call): JsonObject | Promise<JsonObject> =>
        goOn(call.admit(name, input), () => goOn(operation(input, call), (output) => output ?? {}));
      return request(principal, service, work, () => 200);
    },
    exchange(principal, scope, options) {
      const service = serviceOf(house, scope, true);
      const { api } = service;
      if (api.protocol !== 'rest') throw new TypeError(`${scope} reads no requests itself`);
      const refused = (error: unknown): never => {
        if (error instanceof Unanswered) throw error;
        throw translated(asServiceError(error), api.errors === 'xml' ? 'rest-xml' : 'rest-json');
      };
      const work = (call: Call): MemoryAnswer | Promise<MemoryAnswer> => {
        let document: MemoryAnswer['document'];
        const takeDocument: Call['takeDocument'] = (root, content) => {
          document = { root, content };
        };
        const read = (answer: MemoryAnswer): MemoryAnswer => {
          if (answer.status < 400) return document ? { ...answer, document } : answer;
          const code = answer.headers['x-amzn-errortype'] ?? String(answer.status);
          return refused(new ServiceError(code, answer.body.toString(), answer.status));
        };
        let answering: MemoryAnswer | Promise<MemoryAnswer>;
        try {
          answering = exchange(options, (incoming, response) =>
            api.handle(incoming, response, { ...call, takeDocument, leavesChecksums: true }),
          );
        } catch (error) {
          return refused(error);
        }
        return answering instanceof Promise ? answering.then(read, refused) : read(answering);
      };
      return request(principal, service, work, ({ status }) => status);
    },
  };
};
