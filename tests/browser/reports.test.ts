/** The reports in a real browser: drawn, readable in light and dark, on a wide and a narrow screen, loading nothing. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import * as z from 'zod';

import { dataReport } from '../../shared/report/data-report.ts';
import { lifeReport } from '../../shared/report/life-report.ts';
import { ordersData } from './orders-data.ts';
import { parcelLife } from './parcel-life.ts';

/** Debian's; another one by its path in CHROMIUM. */
const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium';
const missing = !existsSync(BROWSER);
if (missing) console.info(`no browser at ${BROWSER}: the reports are not looked at (set CHROMIUM to one)`);

/** What the page is asked; it runs in the browser, so it is no TypeScript. */
const SCRIPT = new URL('seen.js', import.meta.url);
const seenSchema = z.strictObject({
  page: z.string(),
  text: z.string(),
  labels: z.array(z.string()),
  drawings: z.array(
    z.strictObject({ label: z.string(), colours: z.array(z.string()), width: z.number(), height: z.number() }),
  ),
  overflow: z.number(),
});

/** Nothing but pages of this machine is asked for. */
const OFFLINE = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update'];

const luminance = (colour: string): number => {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** WCAG 2.2, contrast ratio: 4.5 is enough for text. */
const contrast = (a: string, b: string): number => {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

const PAGES = [
  {
    name: "a model's life",
    page: () => lifeReport(parcelLife),
    drawings: [
      'Who was in service when',
      'Drift of each window',
      'Drift of each column',
      'Live roc_auc',
      'Predicted and come true',
      'carrier',
    ],
  },
  {
    name: 'a delivery of data',
    page: () => dataReport(ordersData),
    drawings: [
      'The most frequent values of late',
      'What each feature alone tells of the label',
      'Missing values by column',
      'How price lies',
      'The most frequent values of carrier',
      'Rows of each day of day',
      'How columns move together',
    ],
  },
];

describe.skipIf(missing).each(PAGES)('the report of $name, in a browser,', ({ page: made, drawings }) => {
  let browser: Browser;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reports-'));
    const file = join(folder, 'report.html');
    await writeFile(file, await made());
    url = pathToFileURL(file).href;
    browser = await chromium.launch({ executablePath: BROWSER, args: OFFLINE });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const look = async (colorScheme: 'light' | 'dark', width: number) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const [complaints, asked]: [string[], string[]] = [[], []];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(url);
    const seen = seenSchema.parse(await page.evaluate(await readFile(SCRIPT, 'utf8')));
    await context.close();
    return { ...seen, complaints, asked };
  };

  it.each(['light', 'dark'] as const)('is drawn and readable in %s', async (scheme) => {
    const seen = await look(scheme, 1200);

    expect(seen.complaints).toEqual([]);
    expect(seen.asked).toEqual([url]);
    expect(luminance(seen.page) > 0.5).toBe(scheme === 'light');
    expect(contrast(seen.text, seen.page)).toBeGreaterThan(7);
    expect(seen.labels.length).toBeGreaterThan(20);
    for (const colour of new Set(seen.labels)) expect(contrast(colour, seen.page)).toBeGreaterThan(4.5);
    expect(seen.drawings.map(({ label }) => label)).toEqual(drawings);
    for (const { colours, width, height } of seen.drawings) {
      expect(width).toBeGreaterThan(200);
      expect(height).toBeGreaterThan(40);
      // Three to one is enough for what is drawn: WCAG 2.2, non-text contrast.
      expect(Math.max(...colours.map((colour) => contrast(colour, seen.page)))).toBeGreaterThan(3);
    }
  });

  it('fits a narrow screen: drawings scroll for themselves, the page does not', async () => {
    const seen = await look('light', 400);

    expect(seen.overflow).toBe(0);
  });
});
