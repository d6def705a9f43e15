import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';

import { gainShares } from '../../../shared/xgboost/importance.ts';
import { readModelArchive } from '../../../shared/xgboost/model-archive.ts';
import { readModel } from '../../../shared/xgboost/model-file.ts';
import { UnsupportedModelError } from '../../../shared/xgboost/unsupported-model-error.ts';
import { recordedModel } from './fixtures.ts';

/** `get_score(importance_type='total_gain')` of XGBoost 3.2.0 on these models, up to the best round, as shares. */
const RECORDED = {
  binary: [0.54546, 0.401555, 0.052985, 0],
  regression: [0.608484, 0.325646, 0.038911, 0.026958],
  multiclass: [0.631325, 0.179539, 0.113631, 0.075505],
} as const;

const archiveOf = async (files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> => {
  const archive = pack();
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name, mode: 0o644 }, Buffer.from(bytes));
  archive.finalize();
  return gzipSync(await buffer(archive));
};

describe("a model's features", () => {
  it.each(Object.entries(RECORDED))('have the shares of the gain that XGBoost gives them: %s', (kind, shares) => {
    const { ubj } = recordedModel(kind as keyof typeof RECORDED, '3.0.5');

    const found = gainShares(readModel(ubj));

    expect(found).toHaveLength(shares.length);
    for (const [place, share] of shares.entries()) expect(found[place]).toBeCloseTo(share, 6);
  });
});

describe('an artefact', () => {
  const { ubj } = recordedModel('regression', '3.2.0');

  it('of SageMaker is an archive with the model in it', async () => {
    const model = readModelArchive(await archiveOf({ 'xgboost-model': ubj }));

    expect(model).toEqual(readModel(ubj));
  });

  it('of another form is refused, and said why', async () => {
    const cut = gzipSync(
      Buffer.concat([Buffer.alloc(0), Buffer.from('xgboost-model'.padEnd(124, '\0'))]).subarray(0, 90),
    );
    const whole = await archiveOf({ 'xgboost-model': ubj });
    const several = await archiveOf({ 'xgboost-model-0': ubj, 'xgboost-model-1': ubj });
    const damaged = Buffer.from(whole.subarray(0, whole.length / 2));

    for (const bytes of [Buffer.from('twelve bytes'), damaged, cut, several, await archiveOf({})]) {
      expect(() => readModelArchive(bytes)).toThrow(UnsupportedModelError);
    }
    expect(() => readModelArchive(several)).toThrow('several files');
  });
});
