import type { Json, JsonObject } from '../../../local/contracts.ts';
import { differences, isObject } from './expectation.ts';
import { filled, placeholdersIn, UnknownPlaceholder } from './placeholders.ts';
import type { Case, Story } from './story.ts';

/** How a request was refused. */
export interface Refusal {
  /** The SDK's name of the error, or the code where the client knows no other. */
  readonly name: string;
  readonly message: string;
  /** Undefined where the client does not tell (the AWS CLI). */
  readonly status?: number;
}

/** Nothing more is to be told; what was made is to be taken back. */
export class StoryStopped extends Error {
  override readonly name = 'StoryStopped';
}

export type Outcome = { readonly answer: Json } | { readonly refused: Refusal };

export interface Request {
  readonly service: string;
  readonly operation: string;
  readonly params: JsonObject;
  readonly signer?: 'nobody';
}

/** Something that sends requests of AWS: an SDK, a tool. */
export interface Client {
  /** Which word of a refusal it tells: the SDK's name of it, or the code on the wire. */
  readonly tells: 'name' | 'code';
  send(request: Request): Promise<Outcome>;
}

/** Where a story is told. */
export interface Place {
  readonly client: Client;
  /** What placeholders stand for from the beginning: account, region, and what cannot be made here. */
  readonly givens: Readonly<Record<string, string>>;
  /**
   * Lets so much time pass that something may have changed.
   * @param seconds How many may pass in all.
   * @returns Whether it is worth asking again.
   */
  pass(seconds: number, asked: number): Promise<boolean>;
  /** Goes on with a story though what was to be answered was refused. */
  readonly goesOn?: boolean;
  /** Has the last word on each request before it goes out. @throws StoryStopped to end the story; Error to fail. */
  readonly before?: (request: Request, prefix: string, purpose: 'story' | 'undo') => Request;
}

/** One request of a story, and what came of it. */
export interface Told {
  readonly case: Case;
  readonly request: Request;
  readonly outcome: Outcome;
  readonly differences: readonly string[];
}

export interface Telling {
  readonly told: readonly Told[];
  /** What differs, by operation; empty when all is as it should be. */
  readonly failures: readonly string[];
  /** What could not be taken back. */
  readonly left: readonly string[];
}

const at = (value: Json | undefined, path: string): Json | undefined =>
  path.split('.').reduce<Json | undefined>((part, name) => {
    if (Array.isArray(part)) return part[Number(name)];
    return isObject(part) ? part[name] : undefined;
  }, value);

/** What differs between what was wanted of a case and what came of it. */
const judged = (wanted: Case, outcome: Outcome, client: Client): string[] => {
  const { refused: expected, answer = null } = wanted;
  if (expected) {
    if (!('refused' in outcome)) return [`expected ${expected.name}, not an answer: ${JSON.stringify(outcome.answer)}`];
    const { name, status, message } = outcome.refused;
    const word = client.tells === 'code' ? (expected.code ?? expected.name) : expected.name;
    return [
      ...(name === word ? [] : [`expected ${word}, not ${name} (${message})`]),
      ...(status === undefined || status === expected.status ? [] : [`expected ${expected.status}, not ${status}`]),
      ...(expected.message === undefined || new RegExp(expected.message).test(message)
        ? []
        : [`expected a message like ${expected.message}, not ${message}`]),
    ];
  }
  if ('refused' in outcome) return [`refused: ${outcome.refused.name}: ${outcome.refused.message}`];
  return differences(answer, outcome.answer);
};

const BUILT_IN = new Set(['p']);

/** What a story needs that it does not make itself. */
export const givensOf = (story: Story): readonly string[] => {
  const saved = new Set(story.cases.flatMap((each) => Object.keys(each.save ?? {})));
  return [...placeholdersIn(story.cases)].filter((name) => !saved.has(name) && !BUILT_IN.has(name)).sort();
};

const refusedAs = (outcome: Outcome) => ('refused' in outcome ? outcome.refused : undefined);

/** Removes whatever is in a bucket, so that it can be deleted. */
const emptied = async (client: Client, Bucket: string): Promise<void> => {
  const s3 = (operation: string, params: JsonObject) => client.send({ service: 's3', operation, params });
  const versions = await s3('ListObjectVersions', { Bucket });
  const uploads = await s3('ListMultipartUploads', { Bucket });
  const listed = (outcome: Outcome, member: string) => {
    const list = 'answer' in outcome && isObject(outcome.answer) ? outcome.answer[member] : undefined;
    return Array.isArray(list) ? list.filter(isObject) : [];
  };
  const Objects = [...listed(versions, 'Versions'), ...listed(versions, 'DeleteMarkers')].map(
    ({ Key = '', VersionId = 'null' }) => ({ Key, VersionId }),
  );
  if (Objects.length > 0) await s3('DeleteObjects', { Bucket, Delete: { Objects } });
  for (const { Key = '', UploadId = '' } of listed(uploads, 'Uploads'))
    await s3('AbortMultipartUpload', { Bucket, Key, UploadId });
};

interface Debt {
  readonly service: string;
  readonly operation: string;
  readonly params: JsonObject;
}

/** Tells a story and takes back what it made, however it ends. */
export interface Teller {
  /** @param prefix Begins the names of everything the story makes: `${p}`. */
  tell(story: Story, prefix: string): Promise<Telling>;
}

export const tellerAt = (place: Place): Teller => {
  const { client } = place;

  const send = (request: Request, prefix: string, purpose: 'story' | 'undo') =>
    client.send(place.before?.(request, prefix, purpose) ?? request);

  const settled = async ({ owed, values }: { owed: Debt[]; values: Map<string, string> }) => {
    const left: string[] = [];
    for (const debt of owed.splice(0).reverse()) {
      let params: JsonObject;
      try {
        params = filled(debt.params, values);
      } catch (error) {
        // What has no name was not made.
        if (error instanceof UnknownPlaceholder) continue;
        throw error;
      }
      if (debt.operation === 'DeleteBucket') await emptied(client, String(params.Bucket));
      const refused = refusedAs(
        await send({ service: debt.service, operation: debt.operation, params }, values.get('p') ?? '', 'undo'),
      );
      // A cloud that cannot remove anything of a kind leaves it to end with the cloud.
      if (refused && refused.name !== 'UnknownOperationException')
        left.push(`${debt.operation} ${JSON.stringify(params)}: ${refused.name}: ${refused.message}`);
    }
    return left;
  };

  const tellCase = async (story: Story, each: Case, values: Map<string, string>): Promise<Told> => {
    const request: Request = {
      service: each.service ?? story.service,
      operation: each.operation,
      params: filled(each.params as JsonObject, values),
      ...(each.signer && { signer: each.signer }),
    };
    const wanted: Case = {
      ...each,
      ...(each.answer !== undefined && { answer: filled(each.answer, values) }),
      ...(each.refused?.message !== undefined && {
        refused: { ...each.refused, message: filled(each.refused.message, values) },
      }),
    };
    let asked = 0;
    for (;;) {
      const more = each.wait !== undefined && (await place.pass(each.wait, asked));
      const outcome = await send(request, values.get('p') ?? '', 'story');
      const found = judged(wanted, outcome, client);
      asked += 1;
      if (found.length > 0 && more) continue;
      return { case: each, request, outcome, differences: found };
    }
  };

  return {
    async tell(story, prefix) {
      const values = new Map(Object.entries({ ...place.givens, p: prefix }));
      const account = { owed: [] as Debt[], values };
      const told: Told[] = [];
      const failures: string[] = [];
      let left: readonly string[] = [];
      try {
        for (const each of story.cases) {
          // Before it is sent: an answer that gets lost may have had its effect.
          const service = each.service ?? story.service;
          const owed = (each.undo ?? []).map(({ operation, params }) => ({
            service,
            operation,
            params: params as JsonObject,
          }));
          account.owed.push(...owed);
          const one = await tellCase(story, each, values);
          told.push(one);
          failures.push(...one.differences.map((line) => `${each.operation} (${told.length}): ${line}`));
          if (!('answer' in one.outcome)) {
            // Refused: there is nothing to take back.
            account.owed = account.owed.filter((debt) => !owed.includes(debt));
            // What follows is built on an answer.
            if (each.answer !== undefined && place.goesOn !== true) break;
            continue;
          }
          for (const [name, path] of Object.entries(each.save ?? {})) {
            const value = at(one.outcome.answer, path);
            if (value === undefined) failures.push(`${each.operation} (${told.length}): no ${path} to save`);
            else values.set(name, String(value));
          }
          // Done by the story itself.
          const done = JSON.stringify([each.operation, one.request.params]);
          account.owed = account.owed.filter((debt) => {
            try {
              return JSON.stringify([debt.operation, filled(debt.params, values)]) !== done;
            } catch {
              return true;
            }
          });
        }
      } catch (error) {
        if (error instanceof UnknownPlaceholder) failures.push(`nothing is known of ${error.message}`);
        else if (!(error instanceof StoryStopped)) throw error;
      } finally {
        left = await settled(account);
      }
      return { told, failures, left };
    },
  };
};
