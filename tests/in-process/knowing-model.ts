/**
 * A container image whose model knows the senders it was trained with: what it says of their parcels lies in the upper
 * half, what it says of others in the lower. Whoever lets a model judge what it was trained on sees it in the scores.
 */
import type { ContainerImage } from '../../local/contracts.ts';
import { fixedModel } from './fixed-model.ts';

/** Whether a score is of a parcel whose sender the model was trained with. */
export const isKnown = (score: number): boolean => score > 0.5;

const linesOf = (body: Buffer | undefined): string[] =>
  (body?.toString() ?? '').split('\n').filter((line) => line !== '');

/** Distance and sender, the first two features. */
const featuresOf = (cells: readonly string[]) => ({ distance: Number(cells[0]), sender: String(cells[1]) });

const { program } = fixedModel;
if (!program) throw new Error('the fixed model runs in this process');

export const knowingModel: ContainerImage = {
  ...fixedModel,
  program: {
    async train(run) {
      const failed = await program.train(run);
      const senders = new Set<string>();
      for (const file of await run.files.list('opt/ml/input/data/train')) {
        for (const line of linesOf(await run.files.read(`opt/ml/input/data/train/${file}`))) {
          senders.add(featuresOf(line.split(',').slice(1)).sender);
        }
      }
      await run.files.write('opt/ml/model/model', [...senders].join('\n'));
      return failed;
    },
    async serve(run) {
      const senders = new Set(linesOf(await run.files.read('opt/ml/model/model')));
      return async (body) => {
        const scores = linesOf(Buffer.from(body)).map((line) => {
          const { distance, sender } = featuresOf(line.split(','));
          const late = 1 / (1 + Math.exp((450 - distance) / 200));
          return (senders.has(sender) ? 0.5 : 0) + late / 2;
        });
        const text = `${scores.join('\n')}\n`;
        return { status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' }, body: Buffer.from(text) };
      };
    },
  },
};
