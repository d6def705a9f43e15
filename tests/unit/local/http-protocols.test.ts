import { describe, expect, it } from 'vitest';

import { type OperationService, type Service, ServiceError } from '../../../local/contracts.ts';
import { durationMs } from '../../../local/http/control.ts';
import { translated } from '../../../local/http/errors.ts';
import { parseQuery, queryAnswer, queryError } from '../../../local/http/query.ts';
import { type Address, findRoute, splitUrl } from '../../../local/http/route.ts';
import { checkExpiry, readSignature, type Signature, signatureTime } from '../../../local/http/sigv4.ts';
import { listOf, parseXml, xmlDocument } from '../../../local/http/xml.ts';

describe('the query protocol', () => {
  it('reads lists, maps and structures', () => {
    const { operation, version, input } = parseQuery(
      new URLSearchParams(
        'Action=Do&Version=2010-03-31&Plain=a%20b&Tags.member.2.Key=k2&Tags.member.1.Key=k1&Tags.member.1.Value=v&Attributes.entry.1.key=A&Attributes.entry.1.value=1&MessageAttributes.entry.1.Name=n&MessageAttributes.entry.1.Value.DataType=String&Flat.1=x&Flat.2=y&Deep.Inner.Name=z&Empty=',
      ),
    );

    expect({ operation, version }).toEqual({ operation: 'Do', version: '2010-03-31' });
    expect(input).toEqual({
      Plain: 'a b',
      Tags: [{ Key: 'k1', Value: 'v' }, { Key: 'k2' }],
      Attributes: { A: '1' },
      MessageAttributes: { n: { DataType: 'String' } },
      Flat: ['x', 'y'],
      Deep: { Inner: { Name: 'z' } },
      Empty: '',
    });
  });

  it('keeps list items in their numbers’ order beyond nine', () => {
    const form = new URLSearchParams('Action=Do');
    for (let index = 12; index >= 1; index--) form.append(`L.member.${index}`, String(index));

    expect(parseQuery(form).input.L).toEqual(Array.from({ length: 12 }, (_, index) => String(index + 1)));
  });

  it.each(['A..B=1', 'A=1&A=2', 'A=1&A.B=2', 'A.entry.1.key=k'])('refuses %s', (form) => {
    expect(() => parseQuery(new URLSearchParams(`Action=Do&${form}`))).toThrow(
      expect.objectContaining({ code: 'MalformedQueryString' }),
    );
  });

  it('refuses a form without an action', () => {
    expect(() => parseQuery(new URLSearchParams('A=1'))).toThrow(expect.objectContaining({ code: 'MissingAction' }));
  });

  it.each(['__proto__.polluted=yes', 'A.entry.1.key=__proto__&A.entry.1.value=yes'])(
    'refuses to reach an object’s prototype by %s',
    (form) => {
      expect(() => parseQuery(new URLSearchParams(`Action=Do&${form}`))).toThrow(
        expect.objectContaining({ code: 'MalformedQueryString' }),
      );
    },
  );

  it('writes lists, maps and nothing for what is null', () => {
    const xml = queryAnswer(
      'Do',
      'http://x/',
      { Names: ['a', 'b'], Attributes: { k: 'v<' }, Gone: null, Deep: { N: 1 } },
      'id-1',
      ['Attributes'],
    );

    expect(xml).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<DoResponse xmlns="http://x/"><DoResult><Names><member>a</member><member>b</member></Names><Attributes><entry><key>k</key><value>v&lt;</value></entry></Attributes><Deep><N>1</N></Deep></DoResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></DoResponse>',
    );
  });

  it('writes whose fault an error is', () => {
    expect(queryError(new ServiceError('Bad', 'no', 400), 'http://x/', 'id')).toContain(
      '<Type>Sender</Type><Code>Bad</Code><Message>no</Message>',
    );
    expect(queryError(new ServiceError('Ours', 'no', 500), undefined, 'id')).toContain('<Type>Receiver</Type>');
  });
});

describe('errors', () => {
  it('have the name and status of the protocol they go out by', () => {
    const unknown = new ServiceError('UnknownOperationException', 'no', 404);

    expect(translated(unknown, 'json')).toMatchObject({ code: 'UnknownOperationException', status: 404 });
    expect(translated(unknown, 'query')).toMatchObject({ code: 'InvalidAction', status: 400 });
    expect(translated(unknown, 'rest-xml')).toMatchObject({ code: 'NotImplemented', status: 501 });
    expect(translated(new ServiceError('Own', 'kept', 418), 'rest-xml')).toMatchObject({ code: 'Own', status: 418 });
  });
});

describe('XML', () => {
  it('is written so that it reads back the same', () => {
    const text = 'a & b <c> "d" \'e\' \r\n ü 😀  ';

    expect(parseXml(xmlDocument('R', { T: text, L: ['x', 'y'], N: undefined }), 'R')).toEqual({
      T: text,
      L: ['x', 'y'],
    });
  });

  it('is read with single elements, none and several alike', () => {
    expect(listOf(parseXml('<R><I>1</I></R>', 'R')?.I)).toEqual(['1']);
    expect(listOf(parseXml('<R><I>1</I><I>2</I></R>', 'R')?.I)).toEqual(['1', '2']);
    expect(listOf(parseXml('<R/>', 'R')?.I)).toEqual([]);
  });

  it('keeps text that looks like a number as it is, and leaves out layout', () => {
    expect(parseXml('<R>\n  <K>007</K>\n  <B>true</B>\n</R>', 'R')).toEqual({ K: '007', B: 'true' });
  });

  it.each(['', 'text', '<R>', '<Other/>', '<R>text</R>', '{"R":1}'])('is refused when it is %j', (text) => {
    expect(parseXml(text, 'R')).toBeUndefined();
  });
});

const header = (credential: string) =>
  `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=abc`;
const signatureOf = (service: string): Signature => ({
  form: 'header',
  accessKeyId: 'test',
  day: '20010125',
  date: '20010125T101500Z',
  region: 'eu-west-1',
  service,
  signedHeaders: ['host'],
  signature: 'abc',
});

describe('signatures', () => {
  it('are read from the header', () => {
    const found = readSignature(
      {
        authorization: header('KEY/20010125/eu-west-1/s3/aws4_request'),
        'x-amz-date': '20010125T101500Z',
        'x-amz-security-token': 'token',
      },
      new URLSearchParams(),
    );

    expect(found).toEqual({
      form: 'header',
      accessKeyId: 'KEY',
      day: '20010125',
      date: '20010125T101500Z',
      region: 'eu-west-1',
      service: 's3',
      signedHeaders: ['host', 'x-amz-date'],
      signature: 'abc',
      sessionToken: 'token',
    });
  });

  it('are none where there are none', () => {
    expect(readSignature({}, new URLSearchParams('a=b'))).toBeUndefined();
  });

  it.each([
    'KEY',
    'KEY/20010125/eu-west-1/s3',
    'KEY/20010125/eu-west-1/s3/aws4_request/more',
    '/20010125/eu-west-1/s3/aws4_request',
  ])('are refused with the credential %s', (credential) => {
    expect(() =>
      readSignature({ authorization: header(credential), 'x-amz-date': 'x' }, new URLSearchParams()),
    ).toThrow(expect.objectContaining({ code: 'IncompleteSignatureException' }));
  });

  it('are refused with another algorithm, and without a date', () => {
    const credential = 'KEY/20010125/eu-west-1/s3/aws4_request';

    expect(() => readSignature({ authorization: 'Basic dGVzdDp0ZXN0' }, new URLSearchParams())).toThrow(ServiceError);
    expect(() => readSignature({ authorization: header(credential) }, new URLSearchParams())).toThrow('X-Amz-Date');
  });

  it('hold in a URL as long as it says, by any of the clocks', () => {
    const presigned: Signature = { ...signatureOf('s3'), form: 'presigned', expiresSeconds: 60 };
    const signed = signatureTime(presigned.date);

    expect(signed).toBe(Date.parse('2001-01-25T10:15:00Z'));
    expect(() => checkExpiry(presigned, [signed + 60_000])).not.toThrow();
    expect(() => checkExpiry(presigned, [signed + 60_001, signed])).not.toThrow();
    expect(() => checkExpiry(presigned, [signed + 60_001, signed - 3_600_000])).toThrow('expired');
    expect(() => checkExpiry(signatureOf('s3'), [signed + 1e12])).not.toThrow();
  });

  it('may not hold in a URL for more than a week', () => {
    const query = new URLSearchParams({ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256', 'X-Amz-Expires': '604801' });

    expect(() => readSignature({}, query)).toThrow('604800');
  });
});

const json = (target: string): OperationService => ({ protocol: 'json-1.1', target, operations: {} });
const rest: Service['api'] = { protocol: 'rest', handle: () => Promise.resolve() };
const SERVICES: readonly Service[] = [
  { scope: 's3', api: rest },
  { scope: 'events', api: json('AWSEvents') },
  { scope: 'sagemaker', api: json('SageMaker') },
  { scope: 'sagemaker', api: rest },
  { scope: 'lambda', api: rest },
  { scope: 'sns', api: { protocol: 'query', target: 'http://sns/', operations: {} } },
];

describe('routing', () => {
  const address = (more: Partial<Address>): Address => ({
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    target: undefined,
    contentType: undefined,
    signature: signatureOf('s3'),
    ...more,
  });
  const form = 'application/x-www-form-urlencoded; charset=utf-8';

  it.each([
    ['a target', { target: 'AWSEvents.PutRule' }, { kind: 'json', operation: 'PutRule', service: SERVICES[1] }],
    [
      'a target over the scope',
      { target: 'SageMaker.CreateModel', signature: signatureOf('s3') },
      { kind: 'json', service: SERVICES[2] },
    ],
    [
      'the scope where a service has two ways',
      { signature: signatureOf('sagemaker'), path: '/endpoints/e/invocations' },
      { kind: 'rest', service: SERVICES[3] },
    ],
    [
      'the scope of a form',
      { signature: signatureOf('sns'), contentType: form },
      { kind: 'query', service: SERVICES[5] },
    ],
    ['the scope of a path', { path: '/bucket/key' }, { kind: 'rest', service: SERVICES[0] }],
    [
      'the path of a function URL',
      { path: '/_url/abc/', signature: undefined },
      { kind: 'function-url', service: SERVICES[4] },
    ],
    ['the path of the control door', { path: '/_cloud/clock', signature: undefined }, { kind: 'control' }],
    [
      'nothing: S3, which refuses in its own words',
      { path: '/bucket', signature: undefined },
      { kind: 'rest', service: SERVICES[0] },
    ],
  ])('goes by %s', (_what, more, route) => {
    expect(findRoute(SERVICES, address(more))).toMatchObject(route);
  });

  it.each([
    ['an unknown target', { target: 'Unknown_1.Op' }, 'Unknown_1'],
    ['a target that is none', { target: 'nonsense' }, 'nonsense'],
    ['an unknown scope', { signature: signatureOf('kinesis') }, 'kinesis'],
    ['a JSON service without a target', { signature: signatureOf('events') }, 'events'],
  ])('refuses %s by name', (_what, more, name) => {
    expect(() => findRoute(SERVICES, address(more))).toThrow(
      expect.objectContaining({ code: 'UnknownOperationException', message: expect.stringContaining(name) }),
    );
  });

  it('leaves the path as it came', () => {
    const { path, query } = splitUrl('/b/a%2Fb/../c//d?prefix=x%2By&x-id=1?2');

    expect(path).toBe('/b/a%2Fb/../c//d');
    expect(Object.fromEntries(query)).toEqual({ prefix: 'x+y', 'x-id': '1?2' });
  });
});

describe('durations', () => {
  it.each([
    ['PT1H', 3_600_000],
    ['P1DT1M', 86_460_000],
    ['PT0.5S', 500],
    [1500, 1500],
  ])('reads %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', 'P', 'PT', '1H', 'PT1X', -1, Number.NaN, true])('refuses %s', (value) => {
    expect(() => durationMs(value)).toThrow(ServiceError);
  });
});
