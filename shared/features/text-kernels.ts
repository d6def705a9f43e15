/** What the functions of texts compute. */
import { always, type Choice } from './applied.ts';
import type { TextFunction } from './operations.ts';
import * as text from './text.ts';
import {
  type Kernel,
  numbersOf,
  ofText,
  textOfText,
  textOfTextAndNumber,
  textOfTexts,
  textsOf,
  toMaybeTexts,
  toNumbers,
  toTexts,
  truthOfTexts,
} from './vectors.ts';

const trimming =
  (bare: (a: string) => string, of: (a: string, set: string) => string): Choice =>
  (node) =>
    node.args.length === 1 ? textOfText(bare) : textOfTexts(of);

const textOfThree = (f: (a: string, b: string, c: string) => string): Kernel =>
  toTexts((args) => {
    const [a, b, c] = [textsOf(args, 0), textsOf(args, 1), textsOf(args, 2)];
    return (i) => f(a[i] ?? '', b[i] ?? '', c[i] ?? '');
  });

const padding = (pad: (a: string, size: number, filler: string) => string | null): Choice =>
  always(
    toMaybeTexts((args) => {
      const [a, size, filler] = [textsOf(args, 0), numbersOf(args, 1), textsOf(args, 2)];
      return (i) => pad(a[i] ?? '', size[i] ?? 0, filler[i] ?? '');
    }),
  );

const maybeTextOfNumber = (f: (a: number) => string | null): Kernel =>
  toMaybeTexts((args) => {
    const a = numbersOf(args, 0);
    return (i) => f(a[i] ?? 0);
  });

/** The kernels of the functions of texts. */
export const TEXT_KERNELS: Readonly<Record<TextFunction, Choice>> = {
  lower: always(textOfText(text.lower)),
  upper: always(textOfText(text.upper)),
  trim: trimming(
    (a) => text.trimEnd(text.trimStart(a)),
    (a, set) => text.trimEndOf(text.trimStartOf(a, set), set),
  ),
  ltrim: trimming(text.trimStart, text.trimStartOf),
  rtrim: trimming(text.trimEnd, text.trimEndOf),
  length: always(ofText('integer', text.lengthOf)),
  substr: (node) =>
    node.args.length === 2
      ? textOfTextAndNumber((a, start) => text.substring(a, start, Number.MAX_SAFE_INTEGER))
      : toTexts((args) => {
          const [a, start, count] = [textsOf(args, 0), numbersOf(args, 1), numbersOf(args, 2)];
          return (i) => text.substring(a[i] ?? '', start[i] ?? 0, count[i] ?? 0);
        }),
  left: always(textOfTextAndNumber(text.left)),
  right: always(textOfTextAndNumber(text.right)),
  replace: always(textOfThree(text.replaceAll)),
  translate: always(textOfThree(text.translate)),
  lpad: padding(text.padStart),
  rpad: padding(text.padEnd),
  ascii: always(ofText('integer', text.codeOf)),
  chr: always(maybeTextOfNumber(text.characterOf)),
  nfc_normalize: always(textOfText((a) => a.normalize('NFC'))),
  strip_accents: always(textOfText(text.withoutAccents)),
  split_part: always(
    toTexts((args) => {
      const [a, separator, n] = [textsOf(args, 0), textsOf(args, 1), numbersOf(args, 2)];
      return (i) => text.splitPart(a[i] ?? '', separator[i] ?? '', n[i] ?? 0);
    }),
  ),
  strpos: always(
    toNumbers('integer', (args) => {
      const [a, part] = [textsOf(args, 0), textsOf(args, 1)];
      return (i) => text.positionOf(a[i] ?? '', part[i] ?? '');
    }),
  ),
  contains: always(truthOfTexts((a, part) => a.includes(part))),
  starts_with: always(truthOfTexts((a, part) => a.startsWith(part))),
  ends_with: always(truthOfTexts((a, part) => a.endsWith(part))),
};
