import type { ModelDefinition } from './schema.ts';

/** A setting that the schema takes and no step acts on yet. */
interface Unhonoured {
  readonly path: string;
  /** What of it the definition asks for; undefined when it asks for nothing that is missing. */
  readonly asked: (definition: ModelDefinition) => string | undefined;
}

const when = (isAsked: boolean, what: string): string | undefined => (isAsked ? what : undefined);

/** Take a row out when a step honours it. */
const NOT_YET: readonly Unhonoured[] = [
  {
    path: 'data.protected',
    asked: ({ data, problem }) =>
      when(
        data.protected.length > 0 && problem !== 'binary',
        `kept out of the features; the fairness of a ${problem} model is not judged`,
      ),
  },
  {
    path: 'training.algorithm',
    asked: ({ training }) => when(training.algorithm !== 'xgboost', 'images of your own are not trained'),
  },
  {
    path: 'training.input',
    asked: ({ training }) => when(training.input !== 'encoded', `${training.input} input is not written`),
  },
];

/** The settings of a definition, defaults included, that no step honours yet: `path: what that means`. */
export function unhonoured(definition: ModelDefinition): string[] {
  return NOT_YET.flatMap(({ path, asked }) => {
    const what = asked(definition);
    return what === undefined ? [] : [`${path}: ${what}`];
  });
}
