import { describe, expect, it } from 'vitest';

import { lifeReport } from '../../../shared/report/life-report.ts';
import { parcelLife } from '../../browser/parcel-life.ts';

describe('life report', () => {
  it('shows who was in service, what happened and why', async () => {
    const text = await lifeReport(parcelLife);

    expect(text).toContain('In service: run <code>20010129-bbbbbbbbbb</code>');
    expect(text).toContain('retraining declined');
    expect(text).toContain('nothing new &lt;to&gt; learn from');
    expect(text).toContain('1 window was worse than what the model was promoted with');
  });

  it('counts windows that were not measured as such, never as windows without drift', async () => {
    const text = await lifeReport(parcelLife);

    expect(text).toContain('2 windows measured; 1 no traffic, 1 could not be read.');
  });

  it('draws what there is as drawings that load nothing and run nothing', async () => {
    const text = await lifeReport(parcelLife);

    expect(text.match(/<svg /g)).toHaveLength(6);
    expect(text).not.toMatch(/<script|<img|<foreignObject|href="http|url\(/i);
    expect(text).toContain('var(--first)');
    expect(text).not.toContain('NaN');
  });

  it('says what there is nothing of yet', async () => {
    const text = await lifeReport({
      ...parcelLife,
      reigns: [],
      incidents: [],
      drift: [],
      quality: [],
      distributions: null,
    });

    expect(text).toContain('No model has come into service yet.');
    expect(text).toContain('No window has closed yet.');
    expect(text).toContain('No window has labels enough yet.');
    expect(text).not.toContain('<svg');
  });

  it('is the same page for the same facts', async () => {
    expect(await lifeReport(parcelLife)).toBe(await lifeReport(structuredClone(parcelLife)));
  });
});
