import type { Json } from '../../../local/contracts.ts';
import { isObject } from './expectation.ts';
import type { Told } from './run-story.ts';
import { type Secrets, sanitised, withoutOthers } from './sanitise.ts';

/** What came of a request, without what differs from one account and run to the next: an answer, or how it was refused. */
export const comparable = ({ outcome, request }: Told, secrets: Secrets): { refused: Json } | { answer: Json } =>
  'refused' in outcome
    ? // Messages are no contract.
      { refused: `${outcome.refused.name} ${outcome.refused.status}` }
    : {
        answer: sanitised(withoutOthers(request.operation, request.params, outcome.answer, secrets.prefix), secrets),
      };

/** Nothing, said in one way or another. */
const isNothing = (value: Json | undefined) =>
  value === undefined ||
  value === null ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);

export interface Difference {
  /** Members from the answer down; places in lists are left out. */
  readonly path: string;
  readonly here: Json | undefined;
  readonly there: Json | undefined;
}

const within = (here: Json | undefined, there: Json | undefined, path: string): Difference[] => {
  if (isNothing(here) && isNothing(there)) return [];
  if (isObject(here) && isObject(there))
    return [...new Set([...Object.keys(here), ...Object.keys(there)])].flatMap((name) =>
      within(here[name], there[name], path === '' ? name : `${path}.${name}`),
    );
  if (Array.isArray(here) && Array.isArray(there) && here.length === there.length)
    return here.flatMap((each, index) => within(each, there[index], path));
  return JSON.stringify(here) === JSON.stringify(there) ? [] : [{ path, here, there }];
};

/**
 * Where the answers of two places to the same request differ. Nothing is nothing: one SDK shows an empty list where another
 * leaves it out.
 */
export const differencesOf = (
  here: ReturnType<typeof comparable>,
  there: ReturnType<typeof comparable>,
): readonly Difference[] =>
  'answer' in here && 'answer' in there
    ? within(here.answer, there.answer, '')
    : within('refused' in here ? here.refused : 'answered', 'refused' in there ? there.refused : 'answered', 'refused');
