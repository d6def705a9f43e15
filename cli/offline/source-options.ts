/** What is declared of a file on the command line, as a definition declares it in `data.source`. */
import { type SourceFormat, sourceSchema } from '../../shared/definition/source.ts';
import { UsageError, type VerbInput } from '../verb.ts';

/** Options of every command that reads a file without a definition. */
export const SOURCE_OPTIONS = ['format', 'encoding', 'delimiter', 'comment'] as const;

/** How a tab is written in a shell. */
const ESCAPED: Readonly<Record<string, string>> = { '\\t': '\t', tab: '\t' };

/** @throws UsageError where an option is none of what it may be */
export function sourceOf(options: VerbInput['options']): SourceFormat {
  const { format = null, encoding = null, delimiter, comment = null } = options;
  const parsed = sourceSchema.safeParse({
    format,
    encoding,
    delimiter: delimiter === undefined ? null : (ESCAPED[delimiter] ?? delimiter),
    comment,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = String(issue?.path[0] ?? 'format');
  throw new UsageError(`--${option} ${JSON.stringify(options[option] ?? '')}: ${issue?.message ?? 'not known'}`);
}

/** What of it is declared of the files, for a definition; undefined where nothing is. */
export function declaredOf({ columns: _, ...files }: SourceFormat): Readonly<Record<string, string>> | undefined {
  const declared = Object.entries(files).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, value]],
  );
  return declared.length === 0 ? undefined : Object.fromEntries(declared);
}
