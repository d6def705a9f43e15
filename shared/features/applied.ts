/** A checked application, and what every table of kernels is made with. */
import type { Typed } from './check.ts';
import type { ColumnType, NumericType } from './columns.ts';
import { type Kernel, ofNumber, ofNumbers } from './vectors.ts';

/** A checked application: what a kernel is chosen by. */
export type Applied = Extract<Typed, { args: readonly Typed[] }>;

/** Chooses the kernel of an application. */
export type Choice = (node: Applied) => Kernel;

/** The type as one of numbers. The checker has seen to it; this says so to the compiler. */
export const numericType = (type: ColumnType): NumericType => {
  if (type === 'string' || type === 'boolean') throw new TypeError(`${type} is not a numeric type`);
  return type;
};

/** The same kernel whatever the types. */
export const always = (kernel: Kernel) => (): Kernel => kernel;

/** Of the type that was checked: integers stay integers. */
export const same = (f: (a: number) => number) => (node: Applied) => ofNumber(numericType(node.type), f);

/** Of two, and of the type that was checked. */
export const arithmetic = (f: (a: number, b: number) => number) => (node: Applied) =>
  ofNumbers(numericType(node.type), f);
