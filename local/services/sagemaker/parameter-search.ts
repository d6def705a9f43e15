import { integer, list, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import { invalid, notImplemented } from './errors.ts';

const scaling = optional(oneOf('Auto', 'Linear', 'Logarithmic', 'ReverseLogarithmic'));
const parameterName = text({ max: 256 });
const value = text({ max: 256 });
const numericRange = structure({ Name: parameterName, MinValue: value, MaxValue: value, ScalingType: scaling });

/** The ranges of a tuning job, as a request has them. */
export const parameterRanges = structure({
  IntegerParameterRanges: optional(list(numericRange, { max: 30 })),
  ContinuousParameterRanges: optional(list(numericRange, { max: 30 })),
  CategoricalParameterRanges: optional(
    list(structure({ Name: parameterName, Values: list(value, { min: 1, max: 30 }) }), { max: 30 }),
  ),
});

/** How search chooses its next point. */
export const strategy = oneOf('Bayesian', 'Random', 'Hyperband', 'Grid');
export const randomSeed = optional(integer({ min: 0 }));

type Scaling = 'Linear' | 'Logarithmic' | 'ReverseLogarithmic';

/** One hyperparameter and the values it may have. */
export type Dimension =
  | {
      readonly kind: 'integer' | 'continuous';
      readonly name: string;
      readonly min: number;
      readonly max: number;
      readonly scaling: Scaling;
    }
  | { readonly kind: 'categorical'; readonly name: string; readonly values: readonly string[] };

/** Values of the hyperparameters that are searched, as texts. */
export type Point = Readonly<Record<string, string>>;

/** "Number of hyperparameters that can be searched: 30" (automatic-model-tuning-limits.md, documented). */
const MOST_DIMENSIONS = 30;
/** From this ratio of the ends on, Auto is logarithmic (*assumed*: AWS says only that it chooses the best scale). */
const LOGARITHMIC_FROM = 100;

const scalingOf = (
  kind: 'integer' | 'continuous',
  { Name, MinValue, MaxValue, ScalingType = 'Auto' }: Read<typeof numericRange>,
): Scaling => {
  const [min, max] = [Number(MinValue), Number(MaxValue)];
  if (ScalingType === 'Auto') return min > 0 && max / min >= LOGARITHMIC_FROM ? 'Logarithmic' : 'Linear';
  // "Logarithmic scaling works only for ranges that have only values greater than 0", reverse logarithmic for continuous
  // ranges "entirely within the range 0 <= x < 1.0" (API_ContinuousParameterRange, documented).
  if (ScalingType === 'Logarithmic' && min <= 0)
    throw invalid(`The range of ${Name} must have only values greater than 0 to be scaled logarithmically`);
  if (ScalingType === 'ReverseLogarithmic' && (kind === 'integer' || min < 0 || max >= 1))
    throw invalid(`Reverse logarithmic scaling of ${Name} needs a continuous range within 0 <= x < 1.0`);
  return ScalingType;
};

const numericDimension = (kind: 'integer' | 'continuous', range: Read<typeof numericRange>): Dimension => {
  const { Name: name, MinValue, MaxValue } = range;
  const [min, max] = [MinValue, MaxValue].map((end) => {
    const number = end.trim() === '' ? Number.NaN : Number(end);
    if (!Number.isFinite(number) || (kind === 'integer' && !Number.isInteger(number)))
      throw invalid(`The range of ${name} has the end ${JSON.stringify(end)}, which is no ${kind} value`);
    return number;
  }) as [number, number];
  if (min > max) throw invalid(`The range of ${name} begins at ${MinValue} and ends below, at ${MaxValue}`);
  return { kind, name, min, max, scaling: scalingOf(kind, range) };
};

/**
 * Reads what is to be searched.
 *
 * @throws ServiceError `ValidationException` for ranges that are none, or no range at all.
 */
export const readDimensions = (ranges: Read<typeof parameterRanges>): readonly Dimension[] => {
  const dimensions: Dimension[] = [
    ...(ranges.IntegerParameterRanges ?? []).map((range) => numericDimension('integer', range)),
    ...(ranges.ContinuousParameterRanges ?? []).map((range) => numericDimension('continuous', range)),
    ...(ranges.CategoricalParameterRanges ?? []).map(
      ({ Name: name, Values: values }): Dimension => ({ kind: 'categorical', name, values }),
    ),
  ];
  if (dimensions.length === 0) throw invalid('A tuning job must have at least one hyperparameter range');
  if (dimensions.length > MOST_DIMENSIONS)
    throw invalid(`A tuning job can search at most ${MOST_DIMENSIONS} hyperparameters`);
  const names = dimensions.map(({ name }) => name);
  if (new Set(names).size < names.length) throw invalid('The names of hyperparameter ranges must be unique');
  return dimensions;
};

/** Numbers in [0, 1): mulberry32, the same for the same seed. */
const randomNumbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const scaled = (share: number, min: number, max: number, by: Scaling): number => {
  if (by === 'Logarithmic') return Math.exp(Math.log(min) + share * (Math.log(max) - Math.log(min)));
  if (by === 'ReverseLogarithmic')
    return 1 - Math.exp(Math.log(1 - min) + share * (Math.log(1 - max) - Math.log(1 - min)));
  return min + share * (max - min);
};

const draw = (dimension: Dimension, share: number): string => {
  if (dimension.kind === 'categorical')
    return dimension.values[Math.floor(share * dimension.values.length)] ?? dimension.values[0] ?? '';
  const { kind, min, max, scaling: by } = dimension;
  if (kind === 'continuous') return String(Math.min(Math.max(scaled(share, min, max, by), min), max));
  // Each whole number has the share of the scale that lies around it, those at the ends no less.
  const low = by === 'Logarithmic' ? Math.max(min - 0.5, min / 2) : min - 0.5;
  return String(Math.min(Math.max(Math.round(scaled(share, low, max + 0.5, by)), min), max));
};

function* gridOf(dimensions: readonly Dimension[]): Generator<Point> {
  const [first, ...rest] = dimensions;
  if (!first) {
    yield {};
    return;
  }
  if (first.kind !== 'categorical') return;
  for (const chosen of first.values) for (const point of gridOf(rest)) yield { [first.name]: chosen, ...point };
}

/** The points a tuning job tries, one after the other. */
export interface Search {
  /** How many there are; undefined without end. */
  readonly size: number | undefined;
  /** Undefined once there is none left. */
  next(): Point | undefined;
}

/**
 * Searches by a strategy. `Random` draws each point by itself. `Bayesian` is done by the same draws: that what is found on
 * the way guides none of them is *assumed* to matter to no one who asks only whether tuning works. `Grid` tries every
 * combination of categorical values once.
 *
 * @param seed The same seed gives the same points.
 * @throws ServiceError `ValidationException` for a grid of numeric ranges, `NotImplemented` for Hyperband.
 */
export const createSearch = (by: Read<typeof strategy>, dimensions: readonly Dimension[], seed: number): Search => {
  if (by === 'Hyperband') throw notImplemented('The strategy Hyperband of CreateHyperParameterTuningJob');
  if (by === 'Grid') {
    let size = 1;
    for (const dimension of dimensions) {
      // "You can only specify categorical parameters when using the grid search strategy"
      // (automatic-model-tuning-how-it-works.md, documented).
      if (dimension.kind !== 'categorical')
        throw invalid(`Grid search takes categorical ranges only, and ${dimension.name} is ${dimension.kind}`);
      size *= dimension.values.length;
    }
    const points = gridOf(dimensions);
    return { size, next: () => points.next().value ?? undefined };
  }
  const random = randomNumbers(seed);
  return {
    size: undefined,
    next: () => Object.fromEntries(dimensions.map((dimension) => [dimension.name, draw(dimension, random())])),
  };
};
