/**
 * Conformance as data: stories of requests and of what AWS answers, a YAML file per service beside this module. Nothing
 * in them is about one cloud, so that the same story can be told to a local cloud, to moto and to an account of AWS.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';

/** Services with stories, by their names in a signature's scope. */
export const SERVICES = [
  's3',
  'sagemaker',
  'events',
  'sqs',
  'sns',
  'logs',
  'monitoring',
  'lambda',
  'iam',
  'sts',
] as const;

/** A request that takes back what a case has made. */
const undoSchema = z.strictObject({ operation: z.string(), params: z.record(z.string(), z.json()).default({}) });

const refusalSchema = z.strictObject({
  /** The error's name as the SDK for JavaScript gives it. */
  name: z.string(),
  status: z.int().min(300).max(599),
  /** The code that boto3 and the AWS CLI show, where it differs from the name. */
  code: z.string().optional(),
  /** A regular expression that the message matches. */
  message: z.string().optional(),
});

const caseSchema = z.strictObject({
  /** Where it is not the story's own. */
  service: z.enum(SERVICES).optional(),
  operation: z.string(),
  params: z.record(z.string(), z.json()).default({}),
  /** What the answer holds, and perhaps more: see `differences`. */
  answer: z.json().optional(),
  refused: refusalSchema.optional(),
  /** Names for parts of the answer, by their paths (`Messages.0.ReceiptHandle`), for the placeholders of later cases. */
  save: z.record(z.string(), z.string()).optional(),
  undo: z.array(undoSchema).optional(),
  /** So many seconds may pass until AWS answers so: a local cloud's clock goes on, AWS is asked again and again. */
  wait: z.number().positive().optional(),
  /** Signed with credentials that nobody has. */
  signer: z.literal('nobody').optional(),
  /** Why only the SDK can send it. */
  sdkOnly: z.string().optional(),
  grade: z.enum(['recorded', 'documented', 'assumed']).optional(),
  source: z.string().optional(),
});

const storySchema = z.strictObject({
  /** A sentence in the present tense. */
  story: z.string(),
  /** `free` and `spend` (what it makes costs money while it stands) run anywhere, `local` needs the local cloud's own. */
  on: z.enum(['free', 'spend', 'local']).default('free'),
  /** Whether moto is known to be right about it. */
  moto: z.boolean().default(false),
  /** How it is known that AWS answers so; a case may know it otherwise. */
  grade: z.enum(['recorded', 'documented', 'assumed']),
  /** The page or file that says so. */
  source: z.string(),
  cases: z
    .array(
      caseSchema.refine((each) => (each.refused === undefined) !== (each.answer === undefined), {
        error: 'a case has an answer or is refused',
      }),
    )
    .min(1),
});

const fileSchema = z.strictObject({
  /** The service's name in a signature's scope. */
  service: z.string(),
  stories: z.array(storySchema),
});

export type Case = z.infer<typeof caseSchema>;
export type Story = z.infer<typeof storySchema> & { readonly service: string };

/** @throws ZodError for a file that is none of stories. */
export const readStories = (service: string): readonly Story[] => {
  const file = fileSchema.parse(
    parse(readFileSync(join(import.meta.dirname, `${service}.yml`), 'utf8'), { merge: true }),
  );
  if (file.service !== service) throw new Error(`${service}.yml is about ${file.service}`);
  return file.stories.map((story) => ({ ...story, service }));
};
