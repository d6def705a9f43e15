/** A container image whose model is judged well by batch transform, and behaves on an endpoint as the test says. */
import type { ContainerImage } from '../../local/contracts.ts';
import { fixedModel } from './fixed-model.ts';

/** How fleets that are started from now on behave: `wrong` answers other scores, `errs` answers 500. */
export type Mood = 'well' | 'wrong' | 'errs';

export interface MoodyModel {
  readonly image: ContainerImage;
  /** The mood of fleets to come; those that run keep theirs. */
  next: Mood;
}

const OK = 200;

/** Another score, between 0 and 1 too. */
const askew = (score: number): number => (score + 0.3) % 1;

export const moodyModel = (): MoodyModel => {
  const { program } = fixedModel;
  if (!program) throw new Error('the fixed model runs in this process');
  const moody: MoodyModel = {
    next: 'well',
    image: {
      ...fixedModel,
      program: {
        train: (run) => program.train(run),
        async serve(run) {
          const answer = await program.serve(run);
          const mood = run.environment.SAGEMAKER_BATCH === 'true' ? 'well' : moody.next;
          return async (body, headers) => {
            if (mood === 'errs') return { status: 500, headers: {}, body: Buffer.from('out of order') };
            const answered = await answer(body, headers);
            if (mood === 'well' || answered.status !== OK) return answered;
            const scores = answered.body.toString().trim().split('\n').map(Number);
            return { ...answered, body: Buffer.from(`${scores.map(askew).join('\n')}\n`) };
          };
        },
      },
    },
  };
  return moody;
};
