/** Which operations are checked, and where their constraints lie. */
import { fileURLToPath } from 'node:url';

import { NEEDS } from '../services/iam/needs/table.ts';

/** Folder of the constraint data. */
export const CONSTRAINTS_FOLDER = fileURLToPath(new URL('./constraints/', import.meta.url));

// Where botocore's service models are not named as the scope of a signature is.
const MODELS: Readonly<Record<string, readonly string[]>> = {
  monitoring: ['cloudwatch'],
  sagemaker: ['sagemaker', 'sagemaker-runtime'],
};

// A function URL is no AWS API: who calls one is authorised by this name, but sends no request that a model describes.
const NO_API = new Set(['FunctionUrl']);

/** The service models, by botocore's names, that hold the operations signed for a scope. */
export const modelsOfScope = (scope: string): readonly string[] => MODELS[scope] ?? [scope];

/** Every operation that the cloud serves, by scope: whatever is served stands in the table of needed permissions. */
export const servedOperations = (): readonly (readonly [scope: string, operations: readonly string[]])[] =>
  Object.entries(NEEDS).map(([scope, needs]) => [scope, Object.keys(needs).filter((name) => !NO_API.has(name))]);
