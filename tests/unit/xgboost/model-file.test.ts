import { describe, expect, it } from 'vitest';
import { firstIterations, iterationCount } from '../../../shared/xgboost/model.ts';
import { readModel, writeModel } from '../../../shared/xgboost/model-file.ts';
import { predict, predictMargins } from '../../../shared/xgboost/predict.ts';
import { decodeUbjson, encodeUbjson } from '../../../shared/xgboost/ubjson.ts';
import { UnsupportedModelError } from '../../../shared/xgboost/unsupported-model-error.ts';
import { KINDS, recordedData, recordedModel, VERSIONS } from './fixtures.ts';

const RECORDED = KINDS.flatMap((kind) => VERSIONS.map((version) => [kind, version] as const));

describe('models that real XGBoost saved', () => {
  it.each(RECORDED)('predicts a %s model of XGBoost %s with the same margins to the last bit', (kind, version) => {
    const { ubj, json, expected } = recordedModel(kind, version);
    const data = recordedData();

    const fromUbj = predictMargins(readModel(ubj), data);
    const fromJson = predictMargins(readModel(json), data);

    expect(Array.from(fromUbj)).toEqual(expected.margins);
    expect(Array.from(fromJson)).toEqual(expected.margins);
  });

  it.each(RECORDED)('answers for a %s model of XGBoost %s as XGBoost does, to float32', (kind, version) => {
    const { ubj, expected } = recordedModel(kind, version);

    const answers = predict(readModel(ubj), recordedData());

    expect(answers.length).toBe(expected.answers.length);
    answers.forEach((answer, at) => {
      expect(Math.abs(answer - (expected.answers[at] ?? Number.NaN))).toBeLessThan(1.2e-7);
    });
  });

  it.each(RECORDED.filter(([, version]) => version !== '1.7.4'))(
    'writes a %s model of XGBoost %s byte for byte as XGBoost wrote it',
    (kind, version) => {
      const { ubj } = recordedModel(kind, version);

      const written = writeModel(readModel(ubj), 'ubj');

      expect(Buffer.from(written).equals(Buffer.from(ubj))).toBe(true);
    },
  );

  it.each(RECORDED)('keeps a %s model of XGBoost %s whole through JSON', (kind, version) => {
    const model = readModel(recordedModel(kind, version).ubj);

    const again = readModel(writeModel(model, 'json'));

    expect(again).toEqual(model);
  });

  it('keeps what early stopping noted', () => {
    const { ubj, expected } = recordedModel('binary', '3.0.5');

    const model = readModel(ubj);

    expect(model.attributes).toEqual(expected.attributes);
    expect(Number(model.attributes.best_iteration)).toBeLessThan(iterationCount(model) - 1);
  });

  it('predicts with the first rounds alone as with a model cut to them', () => {
    const model = readModel(recordedModel('multiclass', '3.2.0').ubj);
    const data = recordedData();

    const cut = firstIterations(model, 2);

    expect(cut.trees).toHaveLength(6);
    expect(predictMargins(cut, data)).toEqual(predictMargins(model, data, { iterations: 2 }));
    expect(predictMargins(cut, data)).not.toEqual(predictMargins(model, data));
  });

  it('takes columns that are not there for missing, and refuses more than the model knows', () => {
    const model = readModel(recordedModel('binary', '3.0.5').ubj);
    const { rows, columns, values } = recordedData();
    const narrow = new Float32Array(rows * 2);
    const blank = Float32Array.from(values, (value, at) => (at % columns < 2 ? value : Number.NaN));
    for (let row = 0; row < rows; row++) narrow.set(values.subarray(row * columns, row * columns + 2), row * 2);

    const margins = predictMargins(model, { rows, columns: 2, values: narrow });

    expect(margins).toEqual(predictMargins(model, { rows, columns, values: blank }));
    expect(() => predictMargins(model, { rows: 1, columns: 5, values: new Float32Array(5) })).toThrow(
      'the data has 5 columns, the model 4 features',
    );
  });
});

/** The recorded model with one text in it changed. */
const altered = (from: string, to: string): Uint8Array => {
  const text = Buffer.from(recordedModel('binary', '3.0.5').json).toString('utf8');
  expect(text).toContain(from);
  return Buffer.from(text.replace(from, to));
};

describe('files that are refused', () => {
  it.each([
    ['an empty file', new Uint8Array(0), /empty file/],
    ['a pickle', Uint8Array.of(0x80, 0x04, 0x95, 0, 0), /Python pickle/],
    ['the old binary format', Buffer.from('binf\0\0\0\0'), /old binary format/],
    ['a memory snapshot', Buffer.from('CONFIG-offset:123'), /snapshot of XGBoost's memory/],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip/],
    ['a zip archive', Buffer.from('PK\u0003\u0004'), /zip archive/],
    ['unknown bytes', Buffer.from('tree\0\0'), /begins with bytes 747265650000/],
    ['broken JSON', Buffer.from('{"learner": '), /not valid JSON/],
    ['JSON of something else', Buffer.from('{"version": [3, 0, 5]}'), /it has no "learner"/],
    ['dart', altered('"name":"gbtree"', '"name":"dart"'), /booster dart is not supported/],
    ['gblinear', altered('"name":"gbtree"', '"name":"gblinear"'), /booster gblinear is not supported/],
    ['a ranking objective', altered('binary:logistic', 'rank:ndcg'), /objective rank:ndcg is not supported/],
    ['several targets', altered('"num_target":"1"', '"num_target":"2"'), /several targets/],
    ['vector leaves', altered('"size_leaf_vector":"1"', '"size_leaf_vector":"3"'), /vector in each leaf/],
    ['categorical splits', altered('"split_type":[0', '"split_type":[1'), /categorical splits/],
    ['a node count that is wrong', altered('"num_nodes":"', '"num_nodes":"9'), /is not an array of/],
    ['a child beyond the tree', altered('"left_children":[1', '"left_children":[99'), /node 0 has child 99/],
    ['a loop', altered('"left_children":[1', '"left_children":[0'), /a node has two parents/],
    [
      'a feature it does not have',
      altered('"num_class":"0","num_feature":"4"', '"num_class":"0","num_feature":"1"'),
      /a tree over 1 features/,
    ],
    ['a base_score that is none', altered('"base_score":"', '"base_score":"x'), /base_score is not a number/],
    ['a tree count that is wrong', altered('"num_trees":"', '"num_trees":"1'), /trees is not an array of/],
  ])('refuses %s and says so', (_, bytes, reason) => {
    expect(() => readModel(bytes)).toThrow(UnsupportedModelError);
    expect(() => readModel(bytes)).toThrow(reason);
  });

  it('refuses a UBJSON model that is cut short, wherever it is cut', () => {
    const { ubj } = recordedModel('parallel', '3.0.5');

    for (let length = 1; length < ubj.length; length += 7) {
      expect(() => readModel(ubj.subarray(0, length))).toThrow(UnsupportedModelError);
    }
  });

  it('refuses bytes after the end of a UBJSON model', () => {
    const { ubj } = recordedModel('parallel', '3.0.5');

    expect(() => readModel(Uint8Array.from([...ubj, 0]))).toThrow(/bytes after its end/);
  });

  it('does not write a model that holds a number XGBoost cannot read', () => {
    const model = readModel(recordedModel('binary', '3.0.5').ubj);

    const broken = { ...model, baseScores: Float32Array.of(Number.NaN) };

    expect(() => writeModel(broken, 'json')).toThrow(RangeError);
  });
});

describe('UBJSON', () => {
  it('reads what others than XGBoost may write: arrays with an end, counted objects, all integer types', () => {
    const bytes = Buffer.concat([
      Buffer.from('{#i'),
      Uint8Array.of(3),
      Buffer.from('i\u0001a['),
      Buffer.from('ZTF]'),
      Buffer.from('i\u0001b[$U#i\u0002'),
      Uint8Array.of(1, 255),
      Buffer.from('i\u0001cI'),
      Uint8Array.of(0xff, 0xfe),
    ]);

    const value = decodeUbjson(bytes);

    expect(value).toEqual({ a: [null, true, false], b: Uint8Array.of(1, 255), c: -2 });
  });

  it('does not let a member named __proto__ reach the prototype', () => {
    const value = decodeUbjson(encodeUbjson(JSON.parse('{"__proto__": {"polluted": 1}}')));

    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
  });

  it('refuses nesting without end', () => {
    expect(() => decodeUbjson(Buffer.from('['.repeat(100_000)))).toThrow(/nested too deeply/);
  });
});
