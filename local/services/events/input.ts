/**
 * What a target gets: the event, a constant, a part of the event, or a template filled from it. How templates are
 * filled is as AWS was seen to do it (recorded); the rest is documented (EventBridge user guide,
 * eb-transform-target-input).
 */
import { type BusEvent, type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { compileJsonPath, type Lookup } from './json-path.ts';

/** A target's input settings, as PutTargets takes them. */
export interface InputSettings {
  readonly Id: string;
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  readonly InputTransformer?:
    | { readonly InputPathsMap?: Readonly<Record<string, string>> | undefined; readonly InputTemplate: string }
    | undefined;
}

/** What a template may know beyond the event. */
export interface RuleFacts {
  readonly ruleArn: string;
  readonly ruleName: string;
  /** When EventBridge took the event in. */
  readonly ingestedAt: Date;
}

/**
 * Makes the text a target gets.
 * @throws ServiceError INVALID_JSON when a filled template is no JSON: such an event is not delivered (recorded).
 */
export type TargetInput = (event: BusEvent, rule: RuleFacts) => string;

/** What is found in it is put into words at once. */
const eventJson = (event: BusEvent): JsonObject => ({ ...event, resources: [...event.resources] });

// <aws.events.event> has no detail and spells detail-type in camel case; its time is the ingestion's: input transformers
// (recorded).
const eventWithoutDetail = (event: BusEvent, { ingestedAt }: RuleFacts): JsonObject => ({
  id: event.id,
  account: event.account,
  detailType: event['detail-type'],
  time: ingestedAt.toISOString(),
  source: event.source,
  region: event.region,
  resources: [...event.resources],
  version: event.version,
});

const RESERVED: Readonly<Record<string, (event: BusEvent, rule: RuleFacts) => Json>> = {
  'aws.events.rule-arn': (_, { ruleArn }) => ruleArn,
  'aws.events.rule-name': (_, { ruleName }) => ruleName,
  'aws.events.event.ingestion-time': (_, { ingestedAt }) => ingestedAt.toISOString(),
  'aws.events.event': eventWithoutDetail,
  'aws.events.event.json': eventJson,
};

type Piece =
  | { readonly literal: string }
  | {
      readonly name: string;
      readonly quoted: boolean;
      readonly value: (event: BusEvent, rule: RuleFacts) => Json | undefined;
    };

const PLACEHOLDER = /<([A-Za-z0-9_.-]+)>/y;

const piecesOf = (template: string, variables: ReadonlyMap<string, Lookup>, targetId: string): Piece[] => {
  const pieces: Piece[] = [];
  let literal = '';
  let quoted = false;
  for (let at = 0; at < template.length; at++) {
    PLACEHOLDER.lastIndex = at;
    const [whole, name] = PLACEHOLDER.exec(template) ?? [];
    if (whole === undefined || name === undefined) {
      const character = template.charAt(at);
      literal += character;
      if (character === '\\' && quoted) literal += template.charAt(++at);
      else if (character === '"') quoted = !quoted;
      continue;
    }
    const variable = variables.get(name);
    const reserved = Object.hasOwn(RESERVED, name) ? RESERVED[name] : undefined;
    if (!variable && !reserved)
      throw new ServiceError(
        'ValidationException',
        `InputTemplate for target ${targetId} contains invalid placeholder ${name}.`,
      );
    pieces.push({ literal });
    literal = '';
    pieces.push({ name, quoted, value: reserved ?? ((event) => variable?.(eventJson(event))) });
    at += whole.length - 1;
  }
  pieces.push({ literal });
  return pieces;
};

/**
 * A value inside quotes: a string goes in as it is; an object or a list loses its quotes where the template is text, and
 * keeps them in a JSON template, which then is no JSON any more, and nothing is delivered: input transformers (recorded).
 */
const inQuotes = (value: Json, textTemplate: boolean): string => {
  if (typeof value === 'string') return JSON.stringify(value).slice(1, -1);
  const json = JSON.stringify(value);
  return textTemplate ? json.replaceAll('"', '') : json;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** One or more JSON strings, each on its own line, are text, delivered as it stands: input transformers (recorded). */
const isLinesOfText = (text: string): boolean => text.split('\n').every((line) => /^\s*"/.test(line) && isJson(line));

const compileTransformer = (
  targetId: string,
  paths: Readonly<Record<string, string>>,
  template: string,
): TargetInput => {
  const variables = new Map<string, Lookup>();
  for (const [name, path] of Object.entries(paths)) {
    // Names of variables that begin with AWS are reserved: eb-transform-target-input (documented).
    if (/^aws/i.test(name))
      throw new ServiceError(
        'ValidationException',
        `InputPathsMap for target ${targetId} contains reserved key ${name}.`,
      );
    variables.set(name, compileJsonPath(path, `InputPathsMap for target ${targetId}`));
  }
  const textTemplate = /^\s*"/.test(template);
  const pieces = piecesOf(template, variables, targetId);
  return (event, rule) => {
    const filled = pieces
      .map((piece) => {
        if ('literal' in piece) return piece.literal;
        const value = piece.value(event, rule);
        // A path that finds nothing gives an empty string, in quotes or not: input transformers (recorded).
        if (value === undefined) return piece.quoted ? '' : '""';
        return piece.quoted ? inQuotes(value, textTemplate) : JSON.stringify(value);
      })
      .join('');
    if (!isJson(filled) && !(textTemplate && isLinesOfText(filled)))
      throw new ServiceError('INVALID_JSON', `The input transformer of target ${targetId} gives no JSON.`);
    return filled;
  };
};

/**
 * Compiles a target's input settings.
 * @throws ServiceError ValidationException.
 */
export const compileInput = ({ Id, Input, InputPath, InputTransformer }: InputSettings): TargetInput => {
  if ([Input, InputPath, InputTransformer].filter((each) => each !== undefined).length > 1)
    throw new ServiceError(
      'ValidationException',
      `Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`,
    );
  if (Input !== undefined) {
    if (!isJson(Input)) throw new ServiceError('ValidationException', `JSON syntax error in input for target ${Id}`);
    return () => Input;
  }
  if (InputPath !== undefined) {
    const lookup = compileJsonPath(InputPath, `InputPath for target ${Id}`);
    return (event) => {
      const found = lookup(eventJson(event));
      // *Assumed*: an InputPath that finds nothing sends an empty object.
      return JSON.stringify(found === undefined ? {} : found);
    };
  }
  if (InputTransformer)
    return compileTransformer(Id, InputTransformer.InputPathsMap ?? {}, InputTransformer.InputTemplate);
  return (event) => JSON.stringify(event);
};
