/**
 * Stands in for SageMaker's built-in XGBoost image, line 3.0-5, as a local process: `node main.ts train` and
 * `node main.ts serve`. Below `CONTAINER_ROOT` it finds the `/opt/ml` that SageMaker lays out.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// A process for each job and endpoint: what one compiled, the next need not.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/local-cloud'));

const root = process.env.CONTAINER_ROOT ?? '/';
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const runTraining = async (): Promise<void> => {
  const { reportFailure, train } = await import('./train.ts');
  let isStopped = false;
  process.once('SIGTERM', () => {
    isStopped = true;
  });
  try {
    await train({ root, print, isStopped: () => isStopped });
  } catch (error) {
    process.stderr.write(`${reportFailure(root, error)}\n`);
    process.exitCode = 1;
  }
};

const runServing = async (): Promise<void> => {
  const { createInferenceServer, serveSettings } = await import('./serve.ts');
  try {
    const server = createInferenceServer(serveSettings(process.env, root, print));
    const port = Number(process.env.SAGEMAKER_BIND_TO_PORT ?? 8080);
    server.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    });
    // A real container listens on every address of its own network; this one must not leave the machine.
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      print(`Listening at: http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`);
    });
    process.once('SIGTERM', () => {
      server.close();
      server.closeAllConnections();
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
};

const command = process.argv.at(-1);
if (command === 'train') await runTraining();
else if (command === 'serve') await runServing();
else {
  process.stderr.write(`${command} is neither train nor serve\n`);
  process.exitCode = 2;
}
