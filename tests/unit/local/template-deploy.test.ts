import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Json,
  type JsonObject,
  type ResourceDeclaration,
  type Service,
  ServiceError,
} from '../../../local/contracts.ts';
import { deployTemplate } from '../../../local/template/deploy.ts';
import { TemplateError } from '../../../local/template/errors.ts';
import { inOrder } from '../../../local/template/order.ts';
import fc from '../../fast-check.ts';

let folder: string;
/** What the stand-in service was asked to make, in order. */
let made: ResourceDeclaration[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-'));
  made = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const jars: Service = {
  scope: 'jars',
  api: { protocol: 'json-1.1', target: 'Jars', operations: {} },
  resources: {
    'Acme::Kitchen::Jar': {
      properties: ['Name', 'Content', 'Lid', 'Tags'],
      create(resource, deployment) {
        if (resource.properties.Name === 'cracked') throw new ServiceError('InvalidJar', 'it leaks');
        made.push(resource);
        const name = String(resource.properties.Name ?? `${deployment.stack}-${resource.logicalId}`);
        return { ref: name, attributes: { Arn: `arn:aws:jars:::${name}`, 'Lid.Colour': 'red' } };
      },
    },
  },
};

const cloud = { account: '000000000000', region: 'eu-north-1', id: () => 'an-id' };

const deploy = async (template: JsonObject, parameters: Record<string, string> = {}) => {
  const file = join(folder, 'template.json');
  await writeFile(file, JSON.stringify(template));
  return deployTemplate(cloud, [jars], { template: file, artifacts: folder, stack: 'pantry', parameters });
};

/** What stands for a value in the text of a Sub. */
const of = (name: string) => `\${${name}}`;

const jar = (properties: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  Type: 'Acme::Kitchen::Jar',
  Properties: properties,
  ...more,
});

/** What a value resolves to, beside a jar named `salt` with the logical id `Salt`. */
const resolved = async (value: Json, sections: JsonObject = {}): Promise<Json | undefined> => {
  await deploy({ ...sections, Resources: { Salt: jar({ Name: 'salt' }), Subject: jar({ Content: value }) } });
  return made.find((resource) => resource.logicalId === 'Subject')?.properties.Content;
};

const problemsOf = async (template: JsonObject): Promise<readonly string[]> => {
  const failure: unknown = await deploy(template).catch((error: unknown) => error);
  if (!(failure instanceof TemplateError)) throw new Error(`expected a TemplateError, got ${failure}`);
  return failure.problems;
};

describe('intrinsic functions', () => {
  it.each<[string, Json, Json]>([
    ['Ref of a resource', { Ref: 'Salt' }, 'salt'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-north-1'],
    ['Ref of a parameter', { Ref: 'Stage' }, 'dev'],
    ['Ref of a list parameter', { Ref: 'Zones' }, ['a', 'b']],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Salt', 'Arn'] }, 'arn:aws:jars:::salt'],
    ['GetAtt as a string', { 'Fn::GetAtt': 'Salt.Arn' }, 'arn:aws:jars:::salt'],
    ['GetAtt of a dotted attribute', { 'Fn::GetAtt': ['Salt', 'Lid', 'Colour'] }, 'red'],
    [
      'Sub',
      { 'Fn::Sub': `${of('AWS::AccountId')}/${of('Salt')}/${of('Salt.Arn')}/${of('!Literal')}` },
      `000000000000/salt/arn:aws:jars:::salt/${of('Literal')}`,
    ],
    ['Sub with values', { 'Fn::Sub': [`${of('A')}-${of('Stage')}`, { A: { Ref: 'Salt' } }] }, 'salt-dev'],
    ['Join', { 'Fn::Join': ['/', ['a', { Ref: 'Salt' }, 3]] }, 'a/salt/3'],
    ['Join over Split', { 'Fn::Join': ['', { 'Fn::Split': ['-', 'a-b-c'] }] }, 'abc'],
    ['Select', { 'Fn::Select': ['1', ['x', { Ref: 'Salt' }]] }, 'salt'],
    ['Base64', { 'Fn::Base64': 'ü' }, 'w7w='],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'jar'] }, 12],
    ['If', { 'Fn::If': ['IsDev', { small: true }, { small: false }] }, { small: true }],
    ['If with NoValue', { a: 1, b: { 'Fn::If': ['IsProd', 2, { Ref: 'AWS::NoValue' }] } }, { a: 1 }],
    ['NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
    ['no function at all', { Ref: 'a', Other: 'b' }, { Ref: 'a', Other: 'b' }],
  ])('resolves %s', async (_, value, expected) => {
    const actual = await resolved(value, {
      Parameters: {
        Stage: { Type: 'String', Default: 'dev' },
        Zones: { Type: 'CommaDelimitedList', Default: 'a, b' },
      },
      Mappings: { Sizes: { 'eu-north-1': { jar: 12 } } },
      Conditions: {
        IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
        IsProd: { 'Fn::Not': [{ Condition: 'IsDev' }] },
      },
    });

    expect(actual).toEqual(expected);
  });

  it.each<[Json, string]>([
    [{ 'Fn::ImportValue': 'x' }, 'the function Fn::ImportValue is not supported'],
    [{ 'Fn::Cidr': ['10.0.0.0/8', 1, 1] }, 'the function Fn::Cidr is not supported'],
    [{ 'Fn::Equals': ['a', 'b'] }, 'Fn::Equals belongs under Conditions'],
    [{ 'Fn::Join': ['-'] }, 'Fn::Join takes a delimiter and a list, found ["-"]'],
    [{ 'Fn::Select': [4, ['a']] }, 'Fn::Select takes an index within a list'],
    [{ 'Fn::Split': ['-', ['a']] }, 'Fn::Split takes a delimiter and a text'],
    [{ 'Fn::FindInMap': ['Sizes', 'a', 'b'] }, 'no Sizes.a.b in Mappings'],
    [{ 'Fn::If': ['Undeclared', 1, 2] }, 'the condition Undeclared is not declared'],
    [{ 'Fn::GetAtt': ['Salt', 'Weight'] }, 'Salt has no attribute Weight, it has Arn, Lid.Colour'],
    [{ 'Fn::GetAtt': 'Salt' }, 'Fn::GetAtt takes a resource and a literal attribute, found "Salt"'],
    [{ 'Fn::Sub': `${of('Salt.Weight')}` }, 'Salt has no attribute Weight'],
    [{ 'Fn::Join': ['', ['a']], Other: 1 }, 'Fn::Join stands beside other members'],
    [{ Ref: 'AWS::NotificationARNs' }, 'Ref AWS::NotificationARNs is not known'],
  ])('refuses %j by name', async (value, message) => {
    const problems = await problemsOf({ Resources: { Salt: jar({ Name: 'salt' }), Subject: jar({ Content: value }) } });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('Acme::Kitchen::Jar Subject');
    expect(problems[0]).toContain(message);
  });

  it('carries the truth of conditions through And, Or and Not', async () => {
    const truth = async (condition: Json) => {
      made = [];
      return resolved({ 'Fn::If': ['Asked', 'yes', 'no'] }, { Conditions: { Asked: condition } });
    };
    const yes = { 'Fn::Equals': ['1', 1] };
    const no = { 'Fn::Equals': ['a', 'b'] };

    const answers = [
      await truth({ 'Fn::And': [yes, yes] }),
      await truth({ 'Fn::And': [yes, no] }),
      await truth({ 'Fn::Or': [no, yes] }),
      await truth({ 'Fn::Or': [no, no] }),
      await truth({ 'Fn::Not': [no] }),
    ];

    expect(answers).toEqual(['yes', 'no', 'yes', 'no', 'yes']);
  });
});

describe('deploying', () => {
  it('makes resources after what they refer to or depend on', async () => {
    await deploy({
      Resources: {
        Last: jar({ Content: { 'Fn::Sub': `${of('Middle')}` } }),
        Middle: jar({ Tags: [{ Value: { 'Fn::GetAtt': ['First', 'Arn'] } }] }, { DependsOn: 'Alone' }),
        First: jar(),
        Alone: jar(),
      },
    });

    expect(made.map((resource) => resource.logicalId)).toEqual(['Alone', 'First', 'Middle', 'Last']);
  });

  it('returns outputs, references and attributes', async () => {
    const stack = await deploy({
      Resources: { Salt: jar({ Name: 'salt' }), Pepper: jar({}, { DeletionPolicy: 'Retain' }) },
      Outputs: { Where: { Value: { 'Fn::GetAtt': ['Salt', 'Arn'] }, Export: { Name: 'x' } } },
    });

    expect(stack.outputs).toEqual({ Where: 'arn:aws:jars:::salt' });
    expect(stack.resources.Pepper).toMatchObject({ type: 'Acme::Kitchen::Jar', ref: 'pantry-Pepper' });
    expect(made.find((resource) => resource.logicalId === 'Pepper')?.deletionPolicy).toBe('Retain');
  });

  it('leaves out what its condition excludes', async () => {
    const stack = await deploy({
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: { Salt: jar(), Gone: jar({}, { Condition: 'Never' }), After: jar({}, { DependsOn: ['Gone'] }) },
      Outputs: { Gone: { Condition: 'Never', Value: { Ref: 'Gone' } } },
    });

    expect(Object.keys(stack.resources)).toEqual(['Salt', 'After']);
    expect(stack.outputs).toEqual({});
  });

  it('takes the parameters it is given before the defaults', async () => {
    await deploy(
      { Parameters: { Name: { Type: 'String', Default: 'a' } }, Resources: { Jar: jar({ Name: { Ref: 'Name' } }) } },
      { Name: 'b' },
    );

    expect(made[0]?.properties.Name).toBe('b');
  });

  it.each<[string, JsonObject, string[]]>([
    [
      'an unknown type',
      { Resources: { Pot: { Type: 'Acme::Kitchen::Pot' } } },
      ['Acme::Kitchen::Pot Pot', 'the type Acme::Kitchen::Pot is not supported'],
    ],
    [
      'an unknown property',
      { Resources: { Jar: jar({ Weight: 1 }) } },
      ['Acme::Kitchen::Jar Jar', 'the property Weight is not supported'],
    ],
    [
      'an unknown resource attribute',
      { Resources: { Jar: jar({}, { UpdatePolicy: {} }) } },
      ['resource Jar: UpdatePolicy is not supported'],
    ],
    ['an unknown section', { Transform: 'AWS::Serverless', Resources: { Jar: jar() } }, ['Transform is not supported']],
    [
      'an unknown reference',
      { Resources: { Jar: jar({ Content: { Ref: 'Nobody' } }) } },
      ['refers to Nobody, which is neither a resource nor a parameter'],
    ],
    [
      'an unknown dependency',
      { Resources: { Jar: jar({}, { DependsOn: 'Nobody' }) } },
      ['DependsOn names Nobody, which is no resource'],
    ],
    [
      'a reference to what a condition leaves out',
      {
        Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
        Resources: { Gone: jar({}, { Condition: 'Never' }), Jar: jar({ Content: { Ref: 'Gone' } }) },
      },
      ['Acme::Kitchen::Jar Jar: refers to Gone, whose condition is false'],
    ],
    [
      'a cycle',
      {
        Resources: {
          A: jar({ Content: { Ref: 'B' } }),
          B: jar({ Content: { Ref: 'C' } }),
          C: jar({}, { DependsOn: 'A' }),
        },
      },
      ['circular dependency between resources: A -> B -> C -> A'],
    ],
    [
      'a condition that refers to itself',
      { Conditions: { Egg: { Condition: 'Egg' } }, Resources: { Jar: jar({}, { Condition: 'Egg' }) } },
      ['condition Egg depends on itself'],
    ],
    [
      'a parameter type it does not know',
      { Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>' } }, Resources: { Jar: jar() } },
      ['parameter P: type AWS::SSM::Parameter::Value<String> is not supported'],
    ],
    [
      'a parameter without a value',
      { Parameters: { P: { Type: 'String' } }, Resources: { Jar: jar({ Name: { Ref: 'P' } }) } },
      ['Jar.Name: the parameter P has no value'],
    ],
  ])('refuses %s by name and makes nothing', async (_, template, parts) => {
    const problems = await problemsOf(template);

    for (const part of parts) expect(problems.join('\n')).toContain(part);
    expect(made).toEqual([]);
  });

  it('names every problem at once', async () => {
    const problems = await problemsOf({ Resources: { A: jar({ X: 1, Y: 2 }), B: { Type: 'No::Such::Type' } } });

    expect(problems).toHaveLength(3);
  });

  it('names the resource a service refuses', async () => {
    const problems = await problemsOf({ Resources: { Jar: jar({ Name: 'cracked' }) } });

    expect(problems).toEqual(['Acme::Kitchen::Jar Jar: InvalidJar: it leaks']);
  });

  it('says that a file is not a template', async () => {
    const file = join(folder, 'broken.json');
    await writeFile(file, '{ "Resources": ');

    const deployment = deployTemplate(cloud, [jars], { template: file, artifacts: folder, stack: 'pantry' });

    await expect(deployment).rejects.toThrow('the template is not JSON');
  });
});

describe('ordering', () => {
  it('puts each name after its dependencies, for any acyclic graph', () => {
    const graph = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.tuple(
          fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
          fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }),
        ),
      );
    fc.assert(
      fc.property(graph, ([names, edges]) => {
        const dependencies = new Map(names.map((name) => [String(name), new Set<string>()]));
        // An edge from a larger to a smaller number cannot close a cycle.
        for (const [a, b] of edges) if (a !== b) dependencies.get(String(Math.max(a, b)))?.add(String(Math.min(a, b)));

        const ordered = inOrder(names.map(String), dependencies);

        expect([...ordered].sort()).toEqual(names.map(String).sort());
        for (const [name, needs] of dependencies) {
          for (const need of needs) expect(ordered.indexOf(need)).toBeLessThan(ordered.indexOf(name));
        }
      }),
    );
  });
});
