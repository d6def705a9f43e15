import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../shared/definition/canonical-json.ts';
import { unhonoured } from '../../../shared/definition/honoured.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { publishedDefinitionSchema } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { InputMismatchError, resolveInput } from '../../../shared/definition/resolve.ts';
import type { ColumnType } from '../../../shared/features/columns.ts';

const published = (yaml: string) => {
  const { model, definition } = readDefinition(yaml, 'models/flight-delay.yml');
  return publish(model, definition);
};

const FLIGHTS = `
problem: binary
data:
  label: { name: late, sql: delay > 15 }
  time: date
  key: [date, origin, destination, distance]
  features:
    - { name: hour, sql: hour(date) }
    - distance
    - origin
`;

const columns = (types: Record<string, ColumnType>) => Object.entries(types).map(([name, type]) => ({ name, type }));
const FLIGHT_COLUMNS = columns({
  date: 'timestamp',
  delay: 'integer',
  distance: 'integer',
  origin: 'string',
  destination: 'string',
});

describe('publish', () => {
  it('parses the expressions, and is read back as it was written', () => {
    const flights = published(FLIGHTS);
    const back = publishedDefinitionSchema.parse(JSON.parse(JSON.stringify(flights)));
    expect(canonicalJson(back)).toBe(canonicalJson(flights));
    expect(flights.expressions.label).toEqual({
      op: '>',
      args: [
        { op: 'column', name: 'delay' },
        { op: 'literal', type: 'integer', value: 15 },
      ],
    });
    expect(flights.expressions.features?.map(({ name }) => name)).toEqual(['hour', 'distance', 'origin']);
  });

  it('gives the same digest to the same definition however it is laid out, and another to another', () => {
    const first = published(FLIGHTS);
    const relaid = published(
      `${FLIGHTS.replace('{ name: hour, sql: hour(date) }', '{ sql: "hour(date)", name: hour }')}\napproval: automatic # as ever\n`,
    );
    const changed = published(`${FLIGHTS}\napproval: manual\n`);
    expect(relaid.digest).toBe(first.digest);
    expect(changed.digest).not.toBe(first.digest);
  });

  it('leaves the rules digest alone unless a verdict could change', () => {
    const first = published(FLIGHTS);
    const trained = published(`${FLIGHTS}\ntraining: { hyperparameters: { eta: 0.3 } }\n`);
    const renamed = published(FLIGHTS.replace('sql: hour(date)', 'sql: minute(date)'));
    const ruled = published(
      FLIGHTS.replace('  time: date', '  time: date\n  rules: [{ rule: row_count_between, min: 10 }]'),
    );
    const relabelled = published(FLIGHTS.replace('delay > 15', 'delay > 20'));
    const widened = published(`${FLIGHTS}    - destination\n`);
    expect(trained.rulesDigest).toBe(first.rulesDigest);
    expect(renamed.rulesDigest).toBe(first.rulesDigest);
    expect(new Set([first, ruled, relabelled, widened].map(({ rulesDigest }) => rulesDigest)).size).toBe(4);
  });

  it('refuses to read back what it does not know', () => {
    const flights = published(FLIGHTS);
    const unknownOperation = { ...flights, expressions: { ...flights.expressions, label: { op: 'exec', args: [] } } };
    const unknownMember = { ...flights, comment: 'hello' };
    expect(publishedDefinitionSchema.safeParse(unknownOperation).success).toBe(false);
    expect(publishedDefinitionSchema.safeParse(unknownMember).success).toBe(false);
  });
});

describe('unhonoured', () => {
  it('names what is asked for and not done yet, defaults included', () => {
    const { definition } = published(
      `${FLIGHTS}\nevaluation: { slices: [origin] }\ndeployment: { traffic: { type: linear } }\nmonitoring: { quality: { join: key } }\ntraining: { input: raw, algorithm: { image: mine } }\n`,
    );
    const paths = unhonoured(definition).map((line) => line.split(':')[0]);
    expect(paths).not.toContain('evaluation.slices');
    expect(paths).not.toContain('deployment.traffic');
    expect(paths).not.toContain('monitoring.quality.join');
    expect(paths).toEqual(['training.algorithm', 'training.input']);
    expect(paths).not.toContain('data.rules');
  });
});

describe('resolveInput', () => {
  it('decides features, kinds and key once the columns are known', () => {
    const input = resolveInput(published(FLIGHTS), FLIGHT_COLUMNS);
    expect(input.features.map(({ name, kind, type }) => [name, kind, type])).toEqual([
      ['hour', 'number', 'integer'],
      ['distance', 'number', 'integer'],
      ['origin', 'category', 'string'],
    ]);
    expect(input).toMatchObject({
      labelColumns: ['delay'],
      inputColumns: ['date', 'distance', 'origin'],
      key: ['date', 'origin', 'destination', 'distance'],
      time: 'date',
      cluster: { block: 'day' },
    });
    expect(input.label).toMatchObject({ name: 'late', type: 'boolean' });
  });

  it('takes every column without another role as a feature by default, whatever their order', () => {
    const yaml = `
problem: regression
data: { label: price, time: sold, protected: [race], weight: w, key: [id] }
`;
    const given = columns({
      id: 'string',
      sold: 'date',
      rooms: 'integer',
      race: 'string',
      w: 'number',
      area: 'number',
      garden: 'boolean',
      price: 'number',
    });
    const input = resolveInput(published(yaml), given);
    const shuffled = resolveInput(published(yaml), [...given].reverse());
    expect(input.features.map(({ name, kind }) => `${name}:${kind}`)).toEqual([
      'area:number',
      'garden:number',
      'rooms:number',
    ]);
    expect(shuffled.features).toEqual(input.features);
    expect(shuffled.inputDigest).toBe(input.inputDigest);
  });

  describe('columns that are known only after the event', () => {
    const DELIVERIES = columns({
      ordered: 'timestamp',
      promised: 'timestamp',
      delivered: 'timestamp',
      stars: 'integer',
      weight: 'number',
    });
    const LATE =
      'problem: binary\ndata:\n  label: { name: late, sql: delivered > promised }\n  time: ordered\n  post_event: [delivered, stars]\n';

    it('are no features and in no key by default, and the label may read them', () => {
      const input = resolveInput(published(LATE.replace('delivered > promised', 'delivered > ordered')), [
        ...DELIVERIES.filter(({ name }) => name !== 'promised'),
      ]);
      expect(input).toMatchObject({
        labelColumns: ['delivered', 'ordered'],
        inputColumns: ['weight'],
        key: ['weight'],
      });
      expect(input.features.map(({ name }) => name)).toEqual(['weight']);
    });

    it('are read by no feature, whatever the case they are written in', () => {
      const yaml = `${LATE}  features: [weight, { name: mood, sql: STARS * 2 }]\n`;
      expect(() => resolveInput(published(yaml), DELIVERIES)).toThrow(
        'data.features[1]: mood reads stars: data.post_event are known only after the event, and never features',
      );
    });

    it('have to be there, and one that is misspelt is told with what is near', () => {
      expect(() => resolveInput(published(LATE.replace('stars]', 'star]')), DELIVERIES)).toThrow(
        'data.post_event[1]: there is no column star; did you mean stars?',
      );
    });

    it('leave what an input means, and the verdicts of before, as they are where there are none', () => {
      const yaml = LATE.replace('[delivered, stars]', '[]').replace('time:', 'features: [weight]\n  time:');
      const said = published(yaml);
      const { post_event: _, ...data } = said.definition.data;
      const old = publishedDefinitionSchema.parse({ ...said, definition: { ...said.definition, data } });
      expect(old.definition.data.post_event).toEqual([]);
      const named = published(yaml.replace('post_event: []', 'post_event: [stars]'));
      expect(named.rulesDigest).not.toBe(said.rulesDigest);
      expect(resolveInput(named, DELIVERIES).inputDigest).toBe(resolveInput(old, DELIVERIES).inputDigest);
    });
  });

  it("takes all columns but the label's for the key by default, in an order of its own", () => {
    const yaml = 'problem: binary\ndata: { label: { name: late, sql: delay > 15 }, features: [distance] }\n';
    const input = resolveInput(published(yaml), FLIGHT_COLUMNS);
    expect(input.key).toEqual(['date', 'destination', 'distance', 'origin']);
  });

  it('finds columns whatever their case, unless two differ in it alone', () => {
    const yaml = 'problem: binary\ndata: { label: { name: late, sql: DELAY > 15 }, features: [Distance] }\n';
    const input = resolveInput(published(yaml), columns({ Delay: 'integer', DISTANCE: 'integer' }));
    expect(input.labelColumns).toEqual(['Delay']);
    expect(input.inputColumns).toEqual(['DISTANCE']);
    expect(() =>
      resolveInput(published(yaml), columns({ Delay: 'integer', dElay: 'integer', Distance: 'number' })),
    ).toThrow('could be Delay or dElay');
  });

  it('keeps the digest when integers become numbers, and changes it with kind, expression or label', () => {
    const base = resolveInput(published(FLIGHTS), FLIGHT_COLUMNS).inputDigest;
    const asNumber = FLIGHT_COLUMNS.map((column) =>
      column.name === 'distance' ? { ...column, type: 'number' as const } : column,
    );
    expect(resolveInput(published(FLIGHTS), asNumber).inputDigest).toBe(base);
    const others = [
      FLIGHTS.replace('- distance', '- { name: distance, kind: category }'),
      FLIGHTS.replace('hour(date)', 'hour(date) + 1'),
      FLIGHTS.replace('delay > 15', 'delay > 16'),
      FLIGHTS.replace('    - origin\n', ''),
    ].map((yaml) => resolveInput(published(yaml), FLIGHT_COLUMNS).inputDigest);
    expect(new Set([base, ...others]).size).toBe(5);
    const retrained = published(`${FLIGHTS}\ntraining: { hyperparameters: { eta: 0.5 } }\n`);
    expect(resolveInput(retrained, FLIGHT_COLUMNS).inputDigest).toBe(base);
  });

  it.each([
    [
      'a text label of a binary model',
      FLIGHTS.replace('{ name: late, sql: delay > 15 }', 'destination').replace('origin, destination, ', ''),
      'boolean, or 0 and 1',
    ],
    [
      'an unknown column, with those near in name',
      FLIGHTS.replace('- distance', '- distanse'),
      'there is no column distanse; did you mean distance?',
    ],
    ['a raw timestamp as a feature, with what to write', FLIGHTS.replace('- distance', '- date'), 'hour(date)'],
    [
      'text of kind number',
      FLIGHTS.replace('- origin', '- { name: origin, kind: number }'),
      'is text and cannot be of kind number',
    ],
    [
      'a time that is none',
      FLIGHTS.replace('time: date', 'time: distance'),
      'distance is an integer, expected a timestamp or date',
    ],
    [
      'an expression over the wrong type',
      FLIGHTS.replace('hour(date)', 'hour(origin)'),
      'hour takes (timestamp), found (string)',
    ],
  ])('refuses %s', (_, yaml, message) => {
    expect(() => resolveInput(published(yaml), FLIGHT_COLUMNS)).toThrow(message);
  });

  it('names every misfit at once, each with its path', () => {
    const yaml = FLIGHTS.replace('time: date', 'time: day\n  weight: destination').replace('- distance', '- nothing');
    const problems = (() => {
      try {
        resolveInput(published(yaml), FLIGHT_COLUMNS);
      } catch (error) {
        if (error instanceof InputMismatchError) return error.problems;
      }
      return [];
    })();
    expect(problems.map(({ path }) => path)).toEqual(['data.time', 'data.weight', 'data.features[1]']);
  });
});

describe('canonicalJson', () => {
  it('sorts keys, leaves out spaces and writes numbers shortest', () => {
    expect(canonicalJson({ b: [1.0, 1e21, -0], a: { z: null, y: 'é"' }, B: true })).toBe(
      '{"B":true,"a":{"y":"é\\"","z":null},"b":[1,1e+21,0]}',
    );
  });

  it.each([
    ['undefined', { a: undefined }],
    ['NaN', [Number.NaN]],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    ['a big integer', 1n],
    ['a hole in a list', Array(1)],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});
