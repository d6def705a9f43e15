import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason, runId } from './vocabulary.ts';

/**
 * A person is asked to approve or reject a held candidate, here or in a system elsewhere: `ApprovalGiven.v1` with this
 * model and run is the answer.
 */
export const ApprovalRequestedV1 = defineEvent(
  'ApprovalRequested.v1',
  z.object({
    model: modelName,
    run: runId,
    reasons: z.array(reason),
    /** The model in service that the candidate was judged against; null where there was none. */
    champion: runId.nullable().optional(),
    /** The version in the model registry that waits: approving it there is an answer too. */
    modelPackageArn: z.string().optional(),
    /** `s3://` address of the run's report, for a person to read. */
    reportUri: z.string().optional(),
    /** `s3://` address of the evidence, for a system to read. */
    evaluationUri: z.string().optional(),
    /** An approval from this time on deploys nothing: the evidence is too old by then. */
    answerBefore: z.iso.datetime().optional(),
  }),
);
