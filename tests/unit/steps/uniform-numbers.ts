import { randomStream } from '../../../shared/evaluation/random.ts';

/** Numbers in [0, 1) that look like chance and are the same at every run. */
export const uniformNumbers = (seed: number, count: number): number[] => {
  const stream = randomStream(seed);
  return Array.from({ length: count }, () => stream.uniform());
};
