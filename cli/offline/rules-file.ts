/** Rules written into a definition's file, with everything else in it left as its owner wrote it. */
import { readFile } from 'node:fs/promises';
import { isMap, isSeq, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';

import type { SuggestedRule } from '../../shared/data/rules/suggest.ts';
import { DefinitionError, readDefinition } from '../../shared/definition/read.ts';
import { InputProblem } from './input-problem.ts';

/** What adding came to. */
export interface AddedRules {
  /** The file's new text. */
  readonly yaml: string;
  readonly added: readonly SuggestedRule[];
  /** Rules of that name on that column that stand already: they stay. */
  readonly standing: readonly SuggestedRule[];
}

const aboutColumn = (column: unknown): string => (typeof column === 'string' ? column : '');

/**
 * Adds rules to `data.rules`. A rule that is there already, of the same name and on the same column, stays as it is.
 *
 * @throws InputProblem where the file cannot be taken, before or after
 */
export async function addRules(file: string, rules: readonly SuggestedRule[]): Promise<AddedRules> {
  const text = await readFile(file, 'utf8');
  const document = parseDocument(text);
  const data = document.get('data');
  if (!isMap(data)) throw new InputProblem('wrong_definition', file, 'it has no data', 'correct it');
  const found = data.get('rules');
  const list: YAMLSeq = isSeq(found) && found.items.length > 0 ? found : new YAMLSeq();
  const known = new Set(
    list.items.map((item) => {
      const rule: YAMLMap | undefined = isMap(item) ? item : undefined;
      return JSON.stringify([String(rule?.get('rule')), aboutColumn(rule?.get('column'))]);
    }),
  );
  const stands = ({ rule }: SuggestedRule): boolean => known.has(JSON.stringify([rule.rule, aboutColumn(rule.column)]));
  const added = rules.filter((each) => !stands(each));
  for (const { rule, evidence } of added) {
    const node = document.createNode(rule);
    if (isMap(node)) node.flow = true;
    node.comment = ` ${evidence.replaceAll(/\s+/g, ' ')}`;
    list.add(node);
  }
  if (added.length > 0) data.set('rules', list);
  const yaml = added.length > 0 ? document.toString({ lineWidth: 0 }) : text;
  try {
    readDefinition(yaml, file);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw new InputProblem(
      'wrong_definition',
      file,
      `with the rules it cannot be used:\n${error.message}`,
      'correct it',
    );
  }
  return { yaml, added, standing: rules.filter(stands) };
}
