import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';

import type { Dataset } from '../../../local/containers/xgboost/boosting.ts';
import { pythonFloat } from '../../../local/containers/xgboost/prediction-text.ts';
import { createInferenceServer, serveSettings } from '../../../local/containers/xgboost/serve.ts';
import { reportFailure, train } from '../../../local/containers/xgboost/train.ts';
import { shortestFloat32 } from '../../../shared/xgboost/float-text.ts';
import { readModel, writeModel } from '../../../shared/xgboost/model-file.ts';
import { predict } from '../../../shared/xgboost/predict.ts';
import { madeData, recordedData, recordedModel } from './fixtures.ts';

const PROGRAM = join(import.meta.dirname, '../../../local/containers/xgboost/main.ts');
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const textOf = (stream: Readable | null): Promise<string> => (stream ? text(stream) : Promise.resolve(''));

const containerRoot = (): string => {
  const root = mkdtempSync(join(tmpdir(), 'xgboost-container-'));
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  return root;
};

const write = (root: string, path: string, content: string | Uint8Array): void => {
  const file = join(root, 'opt/ml', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
};

const start = (command: string, root: string, environment: Record<string, string> = {}): ChildProcess => {
  const child = spawn(process.execPath, [PROGRAM, command], {
    env: { PATH: process.env.PATH, CONTAINER_ROOT: root, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
};

const csvOf = ({ features, labels }: Dataset, from: number, to: number): string => {
  const lines: string[] = [];
  for (let row = from; row < to; row++) {
    const values = features.values.subarray(row * features.columns, (row + 1) * features.columns);
    lines.push([labels[row], ...Array.from(values, (value) => (Number.isNaN(value) ? '' : value))].join(','));
  }
  return `${lines.join('\n')}\n`;
};

const HYPERPARAMETERS = { num_round: '8', objective: 'binary:logistic', eval_metric: 'logloss,auc', max_depth: '3' };
const CHANNELS = {
  train: {
    ContentType: 'text/csv',
    TrainingInputMode: 'File',
    S3DistributionType: 'FullyReplicated',
    RecordWrapperType: 'None',
  },
  validation: {
    ContentType: 'text/csv',
    TrainingInputMode: 'File',
    S3DistributionType: 'FullyReplicated',
    RecordWrapperType: 'None',
  },
};

const trainingRoot = (hyperparameters: object = HYPERPARAMETERS, channels: object = CHANNELS): string => {
  const root = containerRoot();
  const data = madeData(600, 4);
  write(root, 'input/config/hyperparameters.json', JSON.stringify(hyperparameters));
  write(root, 'input/config/inputdataconfig.json', JSON.stringify(channels));
  write(root, 'input/config/resourceconfig.json', JSON.stringify({ current_host: 'algo-1', hosts: ['algo-1'] }));
  write(root, 'input/data/train/part-0.csv', csvOf(data, 0, 200));
  write(root, 'input/data/train/part-1.csv', csvOf(data, 200, 400));
  write(root, 'input/data/validation/part-0.csv', csvOf(data, 400, 600));
  return root;
};

const leftBehind = (root: string) => {
  const failure = join(root, 'opt/ml/output/failure');
  const model = join(root, 'opt/ml/model');
  return {
    failure: existsSync(failure) ? readFileSync(failure, 'utf8') : undefined,
    model: existsSync(model) ? readdirSync(model) : [],
  };
};

/** The program as a process of its own. */
const runProgram = async (root: string) => {
  const child = start('train', root);
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, output, errors, ...leftBehind(root) };
};

/** What the program does, in this process. */
const runTraining = async (root: string) => {
  const lines: string[] = [];
  let code = 0;
  try {
    await train({ root, print: (line) => lines.push(line), isStopped: () => false });
  } catch (error) {
    reportFailure(root, error);
    code = 1;
  }
  return { code, output: `${lines.join('\n')}\n`, ...leftBehind(root) };
};

describe('the training container', () => {
  it('leaves one file, a model that reads back, and lines that the metric definitions of the image find', async () => {
    const root = trainingRoot();

    const run = await runProgram(root);

    expect(run).toMatchObject({ code: 0, failure: undefined, model: ['xgboost-model'] });
    const model = readModel(readFileSync(join(root, 'opt/ml/model/xgboost-model')));
    expect(model.trees).toHaveLength(8);
    expect(model.version).toEqual([3, 0, 5]);
    // The log shows a tab as #011.
    const log = run.output.replaceAll('\t', '#011').split('\n');
    const found = log.map((line) => /.*\[[0-9]+\].*#011validation-auc:(\S+)/.exec(line)?.[1]).filter((value) => value);
    expect(found).toHaveLength(8);
    expect(Number(found.at(-1))).toBeGreaterThan(0.85);
    expect(log).toContain('Train matrix has 400 rows and 4 columns');
  });

  it.each([
    [
      'an unknown hyperparameter',
      { ...HYPERPARAMETERS, depth: '3' },
      CHANNELS,
      'UserError: Extraneous hyperparameter found: depth',
    ],
    [
      'a hyperparameter that is no text',
      { ...HYPERPARAMETERS, max_depth: 3 },
      CHANNELS,
      'max_depth: 3 is not a string',
    ],
    ['a missing channel', HYPERPARAMETERS, { validation: CHANNELS.validation }, 'Missing required channel: train'],
    ['an unknown channel', HYPERPARAMETERS, { ...CHANNELS, test: {} }, 'Extraneous channel found: test'],
    ['no content type', HYPERPARAMETERS, { train: {} }, 'ContentType text/libsvm'],
    [
      'parquet',
      HYPERPARAMETERS,
      { train: { ContentType: 'application/x-parquet' } },
      'application/x-parquet is known to SageMaker',
    ],
    [
      'an unknown content type',
      HYPERPARAMETERS,
      { train: { ContentType: 'text/plain' } },
      'text/plain is not an accepted ContentType',
    ],
    [
      'pipe mode',
      HYPERPARAMETERS,
      { train: { ContentType: 'text/csv', TrainingInputMode: 'Pipe' } },
      'input mode Pipe',
    ],
  ])('fails on %s and leaves the reason', async (_, hyperparameters, channels, reason) => {
    const root = trainingRoot(hyperparameters, channels);

    const run = await runTraining(root);

    expect(run).toMatchObject({ code: 1, model: [] });
    expect(run.failure).toContain(reason);
  });

  it('exits with 1 when it fails, and says why', async () => {
    const root = trainingRoot({ ...HYPERPARAMETERS, depth: '3' });

    const run = await runProgram(root);

    expect(run.code).toBe(1);
    expect(run.errors).toContain('Extraneous hyperparameter found: depth');
    expect(run.failure).toBe('UserError: Extraneous hyperparameter found: depth');
  });

  it.each([
    [
      'a hidden file',
      'input/data/train/.part-2.csv',
      '1,2,3,4,5\n',
      'Hidden file found in the data path! Remove that before training.',
    ],
    [
      'a header',
      'input/data/train/a.csv',
      'label,a,b,c,d\n1,2,3,4,5\n',
      'a.csv, line 1, column 1: "label" is not a number',
    ],
    ['another width', 'input/data/train/part-2.csv', '1,2,3\n', 'part-2.csv has 3 columns, part-0.csv 5'],
    ['a missing label', 'input/data/train/part-2.csv', ',2,3,4,5\n', 'Label contains NaN'],
    [
      'a wider validation',
      'input/data/validation/part-0.csv',
      '1,2,3,4,5,6\n',
      'Number of columns does not match number of features',
    ],
    ['an empty validation', 'input/data/validation/part-0.csv', '', 'No data in validation channel path'],
  ])('fails on %s in a channel', async (_, path, content, reason) => {
    const root = trainingRoot();
    write(root, path, content);

    const run = await runTraining(root);

    expect(run.code).toBe(1);
    expect(run.failure).toContain(reason);
  });

  it('reads weights of the training channel when csv_weights says so', async () => {
    const root = trainingRoot({ ...HYPERPARAMETERS, csv_weights: '1' });
    const data = madeData(300, 4);
    const lines = csvOf(data, 0, 300).trim().split('\n');
    // Rows of weight zero say the opposite of the others, and must not be heard.
    const weighted = lines.map((line) => line.replace(',', ',1,'));
    const contrary = lines.map((line) => `${line.startsWith('1') ? 0 : 1}${line.slice(1).replace(',', ',0,')}`);
    rmSync(join(root, 'opt/ml/input/data/train'), { recursive: true });
    write(root, 'input/data/train/part-0.csv', `${[...weighted, ...contrary].join('\n')}\n`);

    const run = await runTraining(root);

    expect(run.code).toBe(0);
    const last = /validation-auc:(\S+)\n$/.exec(run.output)?.[1];
    expect(Number(last)).toBeGreaterThan(0.85);
  });

  it('keeps the newest five checkpoints and goes on from the last', async () => {
    const root = trainingRoot();
    write(root, 'input/config/checkpointconfig.json', JSON.stringify({ LocalPath: '/opt/ml/checkpoints' }));

    const first = await runTraining(root);
    const whole = readFileSync(join(root, 'opt/ml/model/xgboost-model'));
    const kept = readdirSync(join(root, 'opt/ml/checkpoints')).sort();
    for (const name of ['xgboost-checkpoint.6', 'xgboost-checkpoint.7']) rmSync(join(root, 'opt/ml/checkpoints', name));
    const second = await runTraining(root);

    expect(first.code).toBe(0);
    expect(kept).toEqual([3, 4, 5, 6, 7].map((round) => `xgboost-checkpoint.${round}`));
    expect(second.output).toContain('Resuming from iteration 6');
    expect(second.output).not.toContain('[5]');
    expect(readFileSync(join(root, 'opt/ml/model/xgboost-model')).equals(whole)).toBe(true);
  });

  it.each([
    ['true', ['xgboost-model']],
    ['false', []],
  ])('stops on SIGTERM between two rounds; save_model_on_termination is %s', async (save, left) => {
    const root = trainingRoot({ ...HYPERPARAMETERS, num_round: '1000000', save_model_on_termination: save });
    const child = start('train', root);

    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('[3]')) resolve();
      });
    });
    child.kill('SIGTERM');
    await once(child, 'exit');

    expect(child.exitCode).toBe(0);
    const model = join(root, 'opt/ml/model');
    expect(existsSync(model) ? readdirSync(model) : []).toEqual(left);
  });
});

describe('the serving container', () => {
  const serve = async (
    models: Record<string, Uint8Array>,
    environment: Record<string, string> = {},
  ): Promise<string> => {
    const root = containerRoot();
    for (const [name, bytes] of Object.entries(models)) write(root, `model/${name}`, bytes);
    const server = createInferenceServer(serveSettings(environment, root, () => {}));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const invoke = async (
    address: string,
    body: string,
    headers: Record<string, string> = { 'content-type': 'text/csv' },
  ) => {
    const response = await fetch(`${address}/invocations`, { method: 'POST', body, headers });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };
  const { ubj } = recordedModel('binary', '3.0.5');
  const data = recordedData();
  const rows = (count: number): string =>
    Array.from({ length: count }, (_, row) =>
      Array.from(data.values.subarray(row * 4, row * 4 + 4), (value) => (Number.isNaN(value) ? '' : value)).join(','),
    ).join('\n');
  const model = readModel(ubj);
  const best = Number(model.attributes.best_iteration) + 1;
  const answers = Array.from(predict(model, data, { iterations: best }));

  it('serves as a process of its own, on the port it is told, until SIGTERM', async () => {
    const root = containerRoot();
    write(root, 'model/xgboost-model', ubj);
    const child = start('serve', root, { SAGEMAKER_BIND_TO_PORT: '0' });
    const address = await new Promise<string>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        const found = /Listening at: (\S+)/.exec(chunk.toString())?.[1];
        if (found) resolve(found);
      });
    });

    const answer = await invoke(address, rows(3));
    child.kill('SIGTERM');
    await once(child, 'exit');

    expect(answer.status).toBe(200);
    expect(answer.body.split('\n')).toHaveLength(4);
    expect(child.exitCode).toBe(0);
  });

  it('ends at once when its model cannot be read', async () => {
    const root = containerRoot();
    write(root, 'model/xgboost-model', Buffer.from('binf'));
    const child = start('serve', root, { SAGEMAKER_BIND_TO_PORT: '0' });

    const [errors] = await Promise.all([textOf(child.stderr), once(child, 'exit')]);

    expect(child.exitCode).toBe(1);
    expect(errors).toContain('old binary format');
  });

  it('answers pings and says how it likes batches', async () => {
    const address = await serve({ 'xgboost-model': ubj });

    const ping = await fetch(`${address}/ping`);
    const parameters: unknown = await (await fetch(`${address}/execution-parameters`)).json();

    expect(ping.status).toBe(200);
    expect(parameters).toMatchObject({ BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: 6 });
  });

  it('answers CSV with one prediction per line, of the best rounds', async () => {
    const address = await serve({ 'xgboost-model': ubj });

    const answer = await invoke(address, rows(5));

    const lines = answers.slice(0, 5).map((value) => `${pythonFloat(shortestFloat32(value))}\n`);
    expect(answer).toEqual({ status: 200, type: 'text/csv; charset=utf-8', body: lines.join('') });
  });

  it('answers JSON when asked to', async () => {
    const address = await serve({ 'xgboost-model': ubj });

    const answer = await invoke(address, rows(2), {
      'content-type': 'text/csv; charset=utf-8',
      accept: 'application/json',
    });

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ predictions: answers.slice(0, 2).map((score) => ({ score })) });
  });

  it('prints doubles for batch transform, which read back as the same float32', async () => {
    const address = await serve({ 'xgboost-model': ubj }, { SAGEMAKER_BATCH: 'true' });

    const { body } = await invoke(address, rows(4));

    expect(body.endsWith('\n')).toBe(true);
    expect(body.trim().split('\n').map(Number)).toEqual(answers.slice(0, 4));
  });

  it('answers one list per row for several classes', async () => {
    const multiclass = recordedModel('multiclass', '3.0.5');
    const address = await serve({ 'xgboost-model': multiclass.ubj });

    const answer = await invoke(address, rows(1), { 'content-type': 'text/csv', accept: 'application/json' });

    const { predictions } = JSON.parse(answer.body) as { predictions: { score: number[] }[] };
    expect(predictions).toHaveLength(1);
    expect(predictions[0]?.score).toHaveLength(3);
    expect(predictions[0]?.score.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
  });

  it('averages all models of the folder but hidden files', async () => {
    const other = { ...model, baseScores: Float32Array.of(0.9) };
    const address = await serve({ a: ubj, b: writeModel(other, 'json'), '.hidden': Buffer.from('no model') });

    const { body } = await invoke(address, rows(1));

    const expected = ((answers[0] ?? 0) + (predict(other, data, { iterations: best })[0] ?? 0)) / 2;
    expect(Number(body)).toBeCloseTo(expected, 6);
  });

  it.each([
    ['nothing', '', { 'content-type': 'text/csv' }, 204, ''],
    ['another type', '{}', { 'content-type': 'application/json' }, 415, 'Content-type application/json not supported'],
    [
      'an accept it cannot meet',
      '1,2,3,4',
      { 'content-type': 'text/csv', accept: 'text/html' },
      406,
      'Accept type text/html',
    ],
    ['text', '1,2,3,SFO', { 'content-type': 'text/csv' }, 415, 'the payload, line 1, column 4: "SFO" is not a number'],
    ['ragged lines', '1,2,3,4\n1,2', { 'content-type': 'text/csv' }, 415, 'line 2: 2 columns, and 4'],
    [
      'a column too many',
      '1,2,3,4,5',
      { 'content-type': 'text/csv' },
      400,
      'the data has 5 columns, the model 4 features',
    ],
    ['too much', '1'.repeat(7 * 1024 ** 2), { 'content-type': 'text/csv' }, 413, 'larger than'],
  ])('answers %s as the image does', async (_, body, headers, status, reason) => {
    const address = await serve({ 'xgboost-model': ubj });

    const answer = await invoke(address, body, headers);

    expect(answer.status).toBe(status);
    expect(answer.body).toContain(reason);
  });

  it('never becomes healthy with a file that is no model', async () => {
    await expect(serve({ 'xgboost-model': ubj, 'metadata.json': Buffer.from('{"a": 1}') })).rejects.toThrow(
      'Unable to load model: metadata.json',
    );
    await expect(serve({ 'xgboost-model': Uint8Array.of(0x80, 4, 0x95) })).rejects.toThrow('Python pickle');
  });

  it('refuses settings it would have to ignore', async () => {
    await expect(serve({ 'xgboost-model': ubj }, { SAGEMAKER_INFERENCE_OUTPUT: 'probability' })).rejects.toThrow(
      'SAGEMAKER_INFERENCE_OUTPUT is known',
    );
  });
});
