import type { JsonObject, Operation } from '../../contracts.ts';
import { integer, list, optional, structure, text } from '../parameters.ts';
import { invalid } from './errors.ts';
import { parse } from './request.ts';
import { tagKey, tags as tagList } from './shapes.ts';

/** A tag as the API writes it. */
interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** The tags of all resources, by ARN. */
export interface Tags {
  /** A resource comes to be with these tags. */
  create(arn: string, tags?: readonly Tag[]): void;
  /** A resource is gone. */
  remove(arn: string): void;
  /** As events carry them: an object, not a list. */
  asObject(arn: string): JsonObject;
  readonly operations: Readonly<Record<string, Operation>>;
}

const LIMIT = 50;

const arn = text({ max: 256, pattern: 'arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]*:[0-9]{12}:.+' });
const AddTags = structure({ ResourceArn: arn, Tags: tagList });
const DeleteTags = structure({ ResourceArn: arn, TagKeys: list(tagKey, { min: 1, max: 50 }) });
const ListTags = structure({
  ResourceArn: arn,
  NextToken: optional(text({ max: 8192 })),
  MaxResults: optional(integer({ min: 50 })),
});

/** AddTags, ListTags, DeleteTags and what they work on. */
export const createTags = (): Tags => {
  const byArn = new Map<string, Map<string, string>>();
  const of = (resourceArn: string) => {
    const found = byArn.get(resourceArn);
    // Code and words for tags of a resource that does not exist are *assumed*: the operations model no error.
    if (!found) throw invalid(`Could not find the resource "${resourceArn}"`);
    return found;
  };
  const listed = (found: Map<string, string>) => [...found].map(([Key, Value]) => ({ Key, Value }));
  return {
    create: (resourceArn, tags = []) =>
      void byArn.set(resourceArn, new Map(tags.map(({ Key, Value }) => [Key, Value]))),
    remove: (resourceArn) => void byArn.delete(resourceArn),
    asObject: (resourceArn) => Object.fromEntries(byArn.get(resourceArn) ?? []),
    operations: {
      AddTags(input) {
        const { value } = parse('AddTags', AddTags, input);
        const found = of(value.ResourceArn);
        const names = new Set([...found.keys(), ...value.Tags.map(({ Key }) => Key)]);
        if (names.size > LIMIT) throw invalid(`A resource can have at most ${LIMIT} tags`);
        for (const { Key, Value } of value.Tags) found.set(Key, Value);
        return { Tags: listed(found) };
      },
      DeleteTags(input) {
        const { value } = parse('DeleteTags', DeleteTags, input);
        const found = of(value.ResourceArn);
        for (const key of value.TagKeys) found.delete(key);
        return {};
      },
      // A resource has at most 50 tags and a page holds at least 50: there is never a second page.
      ListTags(input) {
        const { value } = parse('ListTags', ListTags, input);
        if (value.NextToken !== undefined) throw invalid(`Invalid NextToken: ${value.NextToken}`);
        return { Tags: listed(of(value.ResourceArn)) };
      },
    },
  };
};
