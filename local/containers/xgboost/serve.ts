import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { iterationCount, type Model } from '../../../shared/xgboost/model.ts';
import { readModel } from '../../../shared/xgboost/model-file.ts';
import { predict } from '../../../shared/xgboost/predict.ts';
import { containerPaths } from './container-root.ts';
import { CsvError, parseNumericCsv } from './csv.ts';
import { csvAnswer, jsonAnswer, jsonLinesAnswer, type Predictions } from './prediction-text.ts';
import { notImplemented, UserError } from './user-error.ts';

/**
 * The serving half of the image, as aws/sagemaker-xgboost-container has it at v1.7-1 (`algorithm_mode/serve.py`,
 * `serve_utils.py`, `encoder.py`); that 3.0-5 answers the same is assumed.
 */
export interface ServeSettings {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** `SAGEMAKER_BATCH`: batch transform asks. */
  readonly isBatch: boolean;
  /** `SAGEMAKER_INFERENCE_ENSEMBLE`: average all models of the folder, or use the first. */
  readonly isEnsemble: boolean;
  /** `SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT`, for requests that name no type. */
  readonly defaultAccept: string;
  /** `MAX_CONTENT_LENGTH`. */
  readonly maxContentLength: number;
  readonly print: (line: string) => void;
}

const flag = (value: string | undefined, standard: boolean): boolean =>
  value === undefined ? standard : value.toLowerCase() === 'true';

/**
 * Reads the settings from a container's environment.
 *
 * @throws UserError naming a variable that the image honours and this stand-in does not.
 */
export const serveSettings = (
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
  print: (line: string) => void,
): ServeSettings => {
  if (environment.SAGEMAKER_INFERENCE_OUTPUT !== undefined) throw notImplemented('SAGEMAKER_INFERENCE_OUTPUT');
  if (flag(environment.SAGEMAKER_MULTI_MODEL, false)) throw notImplemented('SAGEMAKER_MULTI_MODEL');
  const maxContentLength = Number(environment.MAX_CONTENT_LENGTH ?? 6 * 1024 ** 2);
  if (!Number.isSafeInteger(maxContentLength) || maxContentLength <= 0) {
    throw new UserError(`MAX_CONTENT_LENGTH is ${environment.MAX_CONTENT_LENGTH}`);
  }
  return {
    root,
    isBatch: flag(environment.SAGEMAKER_BATCH, false),
    isEnsemble: flag(environment.SAGEMAKER_INFERENCE_ENSEMBLE, true),
    defaultAccept: environment.SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT ?? 'text/csv',
    maxContentLength,
    print,
  };
};

const ANSWERS: Readonly<Record<string, (predictions: Predictions, isBatch: boolean) => string>> = {
  'text/csv': csvAnswer,
  'application/json': jsonAnswer,
  'application/jsonlines': jsonLinesAnswer,
};

/** An answer that is not 200. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The image takes every file of the folder that does not begin with a dot for a model. */
const loadModels = ({ root, isEnsemble }: ServeSettings): Model[] => {
  const folder = containerPaths(root).model;
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  if (names.length === 0) throw new UserError(`Unable to load model: there is no file in ${folder}`);
  return (isEnsemble ? names : names.slice(0, 1)).map((name) => {
    try {
      return readModel(readFileSync(join(folder, name)));
    } catch (cause) {
      throw new UserError(`Unable to load model: ${name}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
  });
};

const bodyOf = async (request: IncomingMessage, limit: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.from(chunk);
    size += bytes.length;
    if (size > limit) throw new Refusal(413, `The payload is larger than ${limit} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};

const mediaType = (header: string | undefined): string => (header ?? '').split(';')[0]!.trim().toLowerCase();

/** Rounds up to the best one, if early stopping noted it and the rounds after it are still there. */
const roundsOf = (model: Model): number => {
  const best = Number(model.attributes.best_iteration ?? Number.NaN);
  return Number.isInteger(best) && best >= 0 ? Math.min(best + 1, iterationCount(model)) : iterationCount(model);
};

const predictAll = (models: readonly Model[], body: Buffer): Predictions => {
  const table = (() => {
    try {
      return parseNumericCsv(body, 'the payload');
    } catch (cause) {
      if (!(cause instanceof CsvError)) throw cause;
      // The image, too, takes what it cannot parse for the wrong type, not for a bad request.
      throw new Refusal(
        415,
        `Loading csv data failed with Exception, please ensure data is in csv format:\n ${cause.message}`,
      );
    }
  })();
  const answers = models.map((model) => {
    try {
      return predict(model, table, { iterations: roundsOf(model) });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new Refusal(400, `Unable to evaluate payload provided: ${cause.message}`);
    }
  });
  const first = answers[0]!;
  const values =
    answers.length === 1
      ? first
      : first.map((_, at) => answers.reduce((sum, answer) => sum + answer[at]!, 0) / answers.length);
  return { values, perRow: table.rows === 0 ? 1 : values.length / table.rows };
};

/**
 * Makes the container's HTTP server: `GET /ping`, `POST /invocations`, `GET /execution-parameters`. The caller listens.
 *
 * @throws UserError if a model cannot be read: the container then never becomes healthy.
 */
export const createInferenceServer = (settings: ServeSettings): Server => {
  const models = loadModels(settings);

  const invoke = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request, settings.maxContentLength);
    if (body.length === 0) {
      response.writeHead(204).end();
      return;
    }
    const type = mediaType(request.headers['content-type']) || 'text/csv';
    if (type !== 'text/csv') {
      throw new Refusal(415, `Content-type ${type} not supported. Supported content-type is text/csv (local stand-in)`);
    }
    const asked = mediaType(request.headers.accept);
    const accept = asked === '' || asked === '*/*' ? settings.defaultAccept : asked;
    const answer = Object.hasOwn(ANSWERS, accept) ? ANSWERS[accept] : undefined;
    if (!answer) {
      throw new Refusal(
        406,
        `Accept type ${accept} is not supported. Please use one of ${Object.keys(ANSWERS).join(', ')}`,
      );
    }
    const text = answer(predictAll(models, body), settings.isBatch);
    response.writeHead(200, { 'content-type': `${accept}; charset=utf-8` }).end(text);
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0];
    const called = `${request.method} ${path}`;
    if (called === 'GET /ping') response.writeHead(200).end();
    else if (called === 'POST /invocations') await invoke(request, response);
    else if (called === 'GET /execution-parameters') {
      const parameters = {
        MaxConcurrentTransforms: availableParallelism(),
        BatchStrategy: 'MULTI_RECORD',
        MaxPayloadInMB: Math.floor(settings.maxContentLength / 1024 ** 2),
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(parameters));
    } else throw new Refusal(404, `${called} is not served`);
  };

  return createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      const message = error instanceof Error ? error.message : String(error);
      settings.print(`${status} ${message}`);
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(message);
    });
  });
};
