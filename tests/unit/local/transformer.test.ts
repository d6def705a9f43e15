import { describe, expect, it } from 'vitest';

import { type BusEvent, ServiceError } from '../../../local/contracts.ts';
import { compileInput, type InputSettings, type RuleFacts } from '../../../local/services/events/input.ts';

const event: BusEvent = {
  version: '0',
  id: '11111111-2222-4333-8444-555555555555',
  'detail-type': 'Parcel Moved',
  source: 'depot',
  account: '000000000000',
  time: '2001-02-03T04:05:06Z',
  region: 'us-east-1',
  resources: ['arn:aws:s3:::shelf'],
  detail: {
    parcel: 'p-7',
    heavy: true,
    weight: 2.5,
    nothing: null,
    note: 'say "hi"\nplease',
    place: { hall: 'A', row: '9' },
    labels: ['FRAGILE'],
    moves: [{ by: 'ann' }, { by: 'bob' }],
  },
};
const rule: RuleFacts = {
  ruleArn: 'arn:aws:events:us-east-1:000000000000:rule/bus/moved',
  ruleName: 'moved',
  ingestedAt: new Date('2001-02-03T04:05:07Z'),
};

const sent = (settings: Omit<InputSettings, 'Id'>) => compileInput({ Id: 'target', ...settings })(event, rule);

const transformed = (template: string) =>
  sent({
    InputTransformer: {
      InputPathsMap: {
        parcel: '$.detail.parcel',
        heavy: '$.detail.heavy',
        weight: '$.detail.weight',
        note: '$.detail.note',
        place: '$.detail.place',
        labels: '$.detail.labels',
        missing: '$.detail.missing',
        type: '$.detail-type',
      },
      InputTemplate: template,
    },
  });

const refusal = (act: () => unknown): ServiceError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('it was taken');
};

describe("a target's input", () => {
  it('is the event itself when nothing else is asked for', () => {
    expect(JSON.parse(sent({}))).toEqual(event);
  });

  it('is a constant', () => {
    expect(sent({ Input: '{"a": 1}' })).toBe('{"a": 1}');
  });

  it.each([
    ['$', event],
    ['$.detail.parcel', 'p-7'],
    ['$.detail.place', { hall: 'A', row: '9' }],
    ['$.detail-type', 'Parcel Moved'],
    ['$.resources[0]', 'arn:aws:s3:::shelf'],
    ['$.detail.moves[1].by', 'bob'],
    ['$.detail.moves[*].by', ['ann', 'bob']],
    ['$.detail.missing', {}],
  ])('is what the path %s finds', (path, expected) => {
    expect(JSON.parse(sent({ InputPath: path }))).toEqual(expected);
  });

  it.each([
    ['a string in text', '"Parcel <parcel> of <type>"', '"Parcel p-7 of Parcel Moved"'],
    ['nothing in text', '"Parcel <missing>"', '"Parcel "'],
    ['a boolean in text', '"Heavy is <heavy>!"', '"Heavy is true!"'],
    ['an object in text, without its quotes', '"At <place> now"', '"At {hall:A,row:9} now"'],
    ['a list in text, without its quotes', '"<labels> it says"', '"[FRAGILE] it says"'],
    ['several lines of text', '"<parcel> a"\n"<labels> b"', '"p-7 a"\n"[FRAGILE] b"'],
    ['odd characters', '"{[/Check <parcel>"', '"{[/Check p-7"'],
    ['less-than signs that are no placeholder', '"1 < 2 <parcel>"', '"1 < 2 p-7"'],
  ])('fills %s', (_, template, expected) => {
    expect(transformed(template)).toBe(expected);
  });

  it.each([
    ['a string without quotes', '{"id": <parcel>}', { id: 'p-7' }],
    ['a string in quotes', '{"id": "<parcel>"}', { id: 'p-7' }],
    ['a string twice in one string', '{"id": "a/<parcel>/b/<parcel>"}', { id: 'a/p-7/b/p-7' }],
    [
      'a string with quotes and line ends',
      '{"n": "<note>", "m": <note>}',
      { n: 'say "hi"\nplease', m: 'say "hi"\nplease' },
    ],
    ['an object', '{"at": <place>}', { at: { hall: 'A', row: '9' } }],
    ['a list', '{"all": <labels>}', { all: ['FRAGILE'] }],
    ['into a list', '{"all": [<parcel>, "x"]}', { all: ['p-7', 'x'] }],
    ['a number and a boolean', '{"w": <weight>, "h": <heavy>}', { w: 2.5, h: true }],
    ['nothing as an empty string', '{"m": <missing>}', { m: '' }],
  ])('fills %s in a JSON template', (_, template, expected) => {
    expect(JSON.parse(transformed(template))).toEqual(expected);
  });

  it.each([
    ['text without quotes', '<labels> single'],
    ['a list of strings in quotes in a JSON template', '{"all": "<labels>"}'],
    ['an object in quotes in a JSON template', '{"at": "<place>"}'],
  ])('is not sent when the template gives %s', (_, template) => {
    expect(refusal(() => transformed(template)).code).toBe('INVALID_JSON');
  });

  it('knows the reserved variables', () => {
    const template =
      '{"arn": <aws.events.rule-arn>, "name": "<aws.events.rule-name>", "at": <aws.events.event.ingestion-time>, "event": <aws.events.event.json>, "head": <aws.events.event>}';

    const body = JSON.parse(transformed(template));

    expect(body).toEqual({
      arn: rule.ruleArn,
      name: 'moved',
      at: '2001-02-03T04:05:07.000Z',
      event,
      head: {
        id: event.id,
        account: event.account,
        detailType: 'Parcel Moved',
        time: '2001-02-03T04:05:07.000Z',
        source: 'depot',
        region: 'us-east-1',
        resources: event.resources,
        version: '0',
      },
    });
  });

  it('refuses a placeholder that no path defines, by name', () => {
    expect(refusal(() => transformed('"<unheard>"')).message).toBe(
      'InputTemplate for target target contains invalid placeholder unheard.',
    );
  });

  it('refuses two ways at once', () => {
    expect(refusal(() => sent({ Input: '1', InputPath: '$' })).message).toBe(
      'Only one of Input, InputPath, or InputTransformer must be provided for target target.',
    );
  });

  it.each(['detail', '$..parcel', '$.detail[?(@.a)]', '$.detail['])('refuses the path %s', (path) => {
    expect(refusal(() => sent({ InputPath: path })).code).toBe('ValidationException');
  });

  it('refuses a constant that is no JSON', () => {
    expect(refusal(() => sent({ Input: '{' })).code).toBe('ValidationException');
  });
});
