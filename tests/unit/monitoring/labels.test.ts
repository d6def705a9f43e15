import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { hourFolder, parseInferenceId } from '../../../shared/monitoring/inference-id.ts';
import { type LabelMeaning, type ReadLabel, readLabels } from '../../../shared/monitoring/labels.ts';

const LATE: LabelMeaning = {
  problem: 'binary',
  label: {
    name: 'late',
    expression: {
      op: '>',
      args: [
        { op: 'column', name: 'delay' },
        { op: 'literal', type: 'integer', value: 10 },
      ],
    },
  },
  columnTypes: { delay: 'integer', carrier: 'string' },
};
const KIND: LabelMeaning = {
  problem: 'multiclass',
  label: { name: 'kind', expression: { op: 'column', name: 'kind' } },
  columnTypes: { kind: 'string' },
};
const PRICE: LabelMeaning = {
  problem: 'regression',
  label: { name: 'price', expression: { op: 'column', name: 'price' } },
  columnTypes: { price: 'number' },
};

const ARRIVED = new Date('2001-01-26T02:00:00Z');
const id = (second: string, n = 1) => `${second}Z-${n.toString(16).padStart(16, '0')}`;
const FIRST = id('20010125T101500', 1);
const SECOND = id('20010125T105959', 2);
const THIRD = id('20010125T110000', 3);

const bytes = async function* (...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
};
const read = (text: string | Uint8Array, meaning = LATE) => readLabels(bytes(text), meaning, ARRIVED);
const textsOf = (labels: ReadonlyMap<string, ReadLabel> = new Map()) =>
  Object.fromEntries([...labels].map(([name, { text }]) => [name, text]));
const found = async (...given: Parameters<typeof read>) =>
  Object.fromEntries([...(await read(...given)).hours].map(([hour, labels]) => [hour, textsOf(labels)]));

const groundTruth = (eventId: string, data: string, encoding = 'CSV') =>
  JSON.stringify({ groundTruthData: { data, encoding }, eventMetadata: { eventId }, eventVersion: '0' });

describe('an inference id', () => {
  it('names its second, and a row of its request', () => {
    expect(parseInferenceId(FIRST)).toEqual({ request: FIRST, row: null, atMs: Date.parse('2001-01-25T10:15:00Z') });
    expect(parseInferenceId(`${FIRST}.12`)).toMatchObject({ request: FIRST, row: 12 });
  });

  it.each(['order-17', '', '20010230T101500Z-0000000000000001', '20010125T101500Z-1', `${FIRST}.`, `${FIRST}.x`])(
    'that is another (%s) names none',
    (text) => {
      expect(parseInferenceId(text)).toBeUndefined();
    },
  );

  it('lies in the hour of its second', () => {
    expect(hourFolder(parseInferenceId(SECOND)?.atMs ?? 0)).toBe('2001/01/25/10');
  });
});

describe('a file of labels', () => {
  it('is read as CSV with a header, by the hour of each prediction', async () => {
    const csv = `inference_id,label\n${FIRST},1\n${SECOND},false\n${THIRD},TRUE\n`;

    expect(await found(csv)).toEqual({
      '2001/01/25/10': { [FIRST]: '1', [SECOND]: '0' },
      '2001/01/25/11': { [THIRD]: '1' },
    });
  });

  it("is read as SageMaker's ground truth, in every encoding it allows", async () => {
    const lines = [
      groundTruth(FIRST, '1\n'),
      groundTruth(SECOND, Buffer.from('0').toString('base64'), 'BASE64'),
      groundTruth(THIRD, '1', 'JSON'),
    ].join('\n');

    expect(await found(lines)).toEqual({
      '2001/01/25/10': { [FIRST]: '1', [SECOND]: '0' },
      '2001/01/25/11': { [THIRD]: '1' },
    });
  });

  it('gives each row of a request its own line of ground truth', async () => {
    expect(await found(groundTruth(FIRST, '1\n0\n1'))).toEqual({
      '2001/01/25/10': { [`${FIRST}.0`]: '1', [`${FIRST}.1`]: '0', [`${FIRST}.2`]: '1' },
    });
  });

  it('is read as plain JSON Lines, compressed or not, however its bytes are cut', async () => {
    const text = `{"inference_id":"${FIRST}","label":true}\n{"inference_id":"${THIRD}","late":0}\n`;
    const packed = gzipSync(text);
    const plain = await found(text);

    expect(plain).toEqual({ '2001/01/25/10': { [FIRST]: '1' }, '2001/01/25/11': { [THIRD]: '0' } });
    expect(await found(packed)).toEqual(plain);
    const cut = await readLabels(bytes(...Array.from(text)), LATE, ARRIVED);
    expect(cut.labels).toBe(2);
  });

  it("works the label out of the columns it is made of, as the model's own expression does", async () => {
    const csv = `inference_id,delay\n${FIRST},11\n${SECOND},10\n${THIRD},\n`;
    const json = `{"inference_id":"${FIRST}","delay":11}\n{"inference_id":"${SECOND}","delay":10}\n`;

    const fromCsv = await read(csv);
    expect(textsOf(fromCsv.hours.get('2001/01/25/10'))).toEqual({ [FIRST]: '1', [SECOND]: '0' });
    expect(fromCsv).toMatchObject({ labels: 2, empty: 1, mostlyBad: false });
    expect(await found(json)).toEqual({ '2001/01/25/10': { [FIRST]: '1', [SECOND]: '0' } });
  });

  it('has no label where something stands for no value of what it is made of', async () => {
    const late = { ...LATE, missing: { delay: [999] } };
    const csv = `inference_id,delay\n${FIRST},999\n${SECOND},998\n${THIRD},999.0\n`;
    const price = { ...PRICE, missing: { price: [-1] } };

    expect(await read(csv, late)).toMatchObject({ labels: 1, empty: 2, mostlyBad: false });
    expect(await read(`inference_id,price\n${FIRST},-1.00\n${SECOND},1\n`, price)).toMatchObject({
      labels: 1,
      empty: 1,
    });
    expect(await read(csv)).toMatchObject({ labels: 3 });
  });

  it('keeps classes as they are spelled and numbers as numbers', async () => {
    expect(await found(`inference_id,kind\n${FIRST},"a, b"\n`, KIND)).toEqual({ '2001/01/25/10': { [FIRST]: 'a, b' } });
    expect(await found(`inference_id,label\n${FIRST},1e3\n`, PRICE)).toEqual({ '2001/01/25/10': { [FIRST]: '1000' } });
  });

  it('takes no side where it contradicts itself, and says where', async () => {
    const labels = await read(`inference_id,label\n${FIRST},1\n${SECOND},0\n${FIRST},0\n${SECOND},0\n`);

    expect(textsOf(labels.hours.get('2001/01/25/10'))).toEqual({ [SECOND]: '0' });
    expect(labels.problems).toEqual([expect.objectContaining({ code: 'contradictory', line: 4, count: 1 })]);
  });

  it('tells ids that name no hour from those whose line says when', async () => {
    const labels = await read(
      `inference_id,label,inference_time\norder-1,1,\norder-2,1,2001-01-25T12:30:00Z\n${FIRST},0,\n`,
    );

    expect(textsOf(labels.hours.get('2001/01/25/12'))).toEqual({ 'order-2': '1' });
    expect(labels.counts).toEqual({ foreign_id: 1 });
  });

  it('leaves out labels that were there before their prediction', async () => {
    const early = id('20010126T020200', 9);
    const labels = await read(`inference_id,label\n${early},1\n${FIRST},0\n`);

    expect(labels).toMatchObject({ labels: 1, counts: { before_prediction: 1 } });
  });

  it('counts and locates what cannot be read, and repeats no value', async () => {
    const labels = await read(
      [
        `{"inference_id":"${FIRST}","label":1}`,
        'secret',
        '{"label":1}',
        `{"inference_id":"${SECOND}","label":"secret"}`,
        `{"inference_id":"${SECOND}","other":1}`,
        '["secret"]',
        groundTruth(THIRD, 'secret', 'JSON'),
      ].join('\n'),
    );

    expect(labels.counts).toEqual({ not_json: 1, id_missing: 1, label_invalid: 1, column_missing: 1, not_a_label: 2 });
    expect(labels.problems.map(({ line }) => line).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(JSON.stringify(labels.problems)).not.toContain('secret');
  });

  it.each([
    ['more of it is bad than good', `inference_id,label\n${FIRST},1\n${SECOND},x\n${THIRD},y\n`, true],
    ['as much of it is good as bad', `inference_id,label\n${FIRST},1\n${SECOND},x\n`, false],
    ['it has no ids', 'order,label\n1,1\n', true],
    ['it is no text', Buffer.from([0x50, 0x41, 0x52, 0x31, 0, 0, 0]), true],
    ['it has no bytes', '', true],
    ['it has a header alone', 'inference_id,label\n', false],
  ])('where %s', async (_, text, mostlyBad) => {
    expect((await read(text)).mostlyBad).toBe(mostlyBad);
  });
});
