/** Numbers of things in sentences. */

/** So many of something, in words a person reads: `1 column`, `1,200 columns`; `2 boxes` where the plural is given. */
export const howMany = (count: number, one: string, several = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`;
