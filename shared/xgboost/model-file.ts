import type { DocumentValue } from './document.ts';
import { encodeJsonText } from './json-text.ts';
import type { Model } from './model.ts';
import { documentFromModel, modelFromDocument } from './model-document.ts';
import { decodeUbjson, encodeUbjson } from './ubjson.ts';
import { UnsupportedModelError } from './unsupported-model-error.ts';

/** XGBoost's own formats: UBJSON, its default since 2.1, and JSON. */
export type ModelFormat = 'ubj' | 'json';

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(text.length, bytes.length)).equals(Buffer.from(text, 'latin1'));

/** Formats that are recognised only to be refused with a word on what they are. */
const REFUSED: readonly { readonly isIt: (bytes: Uint8Array) => boolean; readonly what: string }[] = [
  { isIt: (bytes) => bytes.length === 0, what: 'an empty file' },
  {
    isIt: (bytes) => startsWith(bytes, 'binf') || startsWith(bytes, 'bs64'),
    what: "XGBoost's old binary format, which XGBoost dropped in 3.1; save it as .ubj or .json",
  },
  {
    // Protocol 2 and later begin with PROTO and the version: https://docs.python.org/3/library/pickle.html
    isIt: (bytes) => bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 0) <= 5,
    what: 'a Python pickle, which is a program and is never run; save the booster with save_model',
  },
  {
    isIt: (bytes) => startsWith(bytes, 'CONFIG-offset:'),
    what: "a snapshot of XGBoost's memory (save_raw with configuration); save the booster with save_model",
  },
  { isIt: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b, what: 'compressed with gzip; unpack it first' },
  { isIt: (bytes) => startsWith(bytes, 'PK\u0003\u0004'), what: 'a zip archive' },
];

/** Both formats begin with a brace; what follows it tells them apart, as in XGBoost's own reader. */
const formatOf = (bytes: Uint8Array): ModelFormat => {
  const refused = REFUSED.find(({ isIt }) => isIt(bytes));
  if (refused) throw new UnsupportedModelError(`not a model that is read here: this is ${refused.what}`);
  const lead = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(64, bytes.length)).toString('latin1');
  if (/^\{\s*["}]/.test(lead)) return 'json';
  if (/^\{[LlIiU#$]/.test(lead)) return 'ubj';
  const magic = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(8, bytes.length)).toString('hex');
  throw new UnsupportedModelError(
    `not a model that is read here: neither UBJSON nor JSON, it begins with bytes ${magic}`,
  );
};

const decodeJson = (bytes: Uint8Array): DocumentValue => {
  try {
    // JSON.parse gives nothing but what a DocumentValue is.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as DocumentValue;
  } catch (cause) {
    throw new UnsupportedModelError('the model is not valid JSON', { cause });
  }
};

/**
 * Reads a model that XGBoost 1.6 or newer saved as UBJSON or JSON; which of them, its first bytes say.
 *
 * @throws UnsupportedModelError for any other format, by name; for damaged files; and for models that need what is not
 *   implemented (see {@link modelFromDocument}).
 */
export const readModel = (bytes: Uint8Array): Model =>
  modelFromDocument(formatOf(bytes) === 'ubj' ? decodeUbjson(bytes) : decodeJson(bytes));

/** Writes a model so that XGBoost of the model's version, or a newer one, loads it. */
export const writeModel = (model: Model, format: ModelFormat): Uint8Array => {
  const document = documentFromModel(model);
  return format === 'ubj' ? encodeUbjson(document) : new TextEncoder().encode(encodeJsonText(document));
};
