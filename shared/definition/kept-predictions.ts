/** Whether what a model answered is kept until its labels have come. */
import type { Finding } from './expectations.ts';

const DAY_MS = 86_400_000;

interface Measured {
  readonly deployment: { readonly existing: unknown };
  readonly monitoring: { readonly window: number; readonly quality: { readonly label_delay: number } | null };
}

/**
 * What is wrong where a model's predictions expire before its labels can be joined to them: its quality would never be
 * measured, and nobody told. A file of labels is looked for in predictions as old as twice the delay and a window
 * (docs/quality.md). Captures of endpoints from elsewhere are not ours to expire.
 *
 * @param keptDays `predictionsKeptDays` of `platform.yml`
 */
export function expiresBeforeLabels({ deployment, monitoring }: Measured, keptDays: number): Finding | undefined {
  const { quality, window } = monitoring;
  if (quality === null || deployment.existing) return undefined;
  const leastDays = Math.ceil((2 * quality.label_delay + window) / DAY_MS);
  if (keptDays >= leastDays) return undefined;
  const longest = Math.max(0, (keptDays * DAY_MS - window) / 2);
  return {
    path: ['monitoring', 'quality', 'label_delay'],
    expected: `at most ${Math.floor(longest / DAY_MS)}d, for predictions are kept for ${keptDays} days (predictionsKeptDays in platform.yml) and must outlast twice the delay and a window`,
    isKey: false,
    fix: `raise predictionsKeptDays to ${leastDays} or more, and deploy, or shorten the delay`,
  };
}
