/**
 * The predictions in an endpoint's answer: one a line, or all on one line. What is no number is NaN, an empty answer
 * included, for `Number('')` is 0. Source: the image's serve.py and its multi-model handler.
 */
export const predictionsIn = (answer: string): number[] =>
  answer
    .trim()
    .split(/[,\n]/)
    .map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
