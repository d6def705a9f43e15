/** What the test of the mutations and the process that runs tests in its copy say to each other. */
import * as z from 'zod';

export const askedSchema = z.object({
  /** Files of tests, from the root of the project. */
  files: z.array(z.string()),
  /** Whole names of tests: `block > title`. */
  titles: z.array(z.string()),
  /** Files that are not what they were when last asked, from the root of the project. */
  changed: z.array(z.string()),
});
export type Asked = z.infer<typeof askedSchema>;

/** What became of each test that was run, by its whole name. */
export const answeredSchema = z.array(z.tuple([z.string(), z.enum(['passed', 'failed'])]));
export type Answered = z.infer<typeof answeredSchema>;
