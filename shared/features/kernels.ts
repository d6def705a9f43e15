/** What each operation computes, over whole columns. */
import type { Applied, Choice } from './applied.ts';
import { castKernel } from './cast-kernels.ts';
import { NUMBER_KERNELS } from './number-kernels.ts';
import type { Operation } from './operations.ts';
import { OPERATOR_KERNELS } from './operator-kernels.ts';
import { TEXT_KERNELS } from './text-kernels.ts';
import { TIME_KERNELS } from './time-kernels.ts';
import type { Kernel } from './vectors.ts';

const KERNELS: Readonly<Record<Operation, Choice>> = {
  ...OPERATOR_KERNELS,
  ...NUMBER_KERNELS,
  ...TEXT_KERNELS,
  ...TIME_KERNELS,
};

/** What computes a checked application. */
export function kernelOf(node: Applied): Kernel {
  if (node.op !== 'cast') return KERNELS[node.op](node);
  const [operand] = node.args;
  if (operand === undefined) throw new TypeError('a cast without an operand');
  return castKernel(operand.type, node.type);
}
