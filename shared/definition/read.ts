import { type Document, LineCounter, parseDocument } from 'yaml';
import { MillraceError } from '../errors.ts';
import { columnsRead, ExpressionError } from '../features/expression.ts';
import { parseExpression } from '../features/parse.ts';
import { besideExisting, contradictionsIn } from './contradictions.ts';
import { type Finding, findingsOf, valueAt } from './expectations.ts';
import { fixOf } from './fixes.ts';
import { expiresBeforeLabels } from './kept-predictions.ts';
import { type Path, pathText, placeOf } from './locate.ts';
import { MAX_MODEL_NAME, type ModelDefinition, modelDefinitionSchema, modelNameSchema } from './schema.ts';

/** The longest file that is taken for a definition, in characters. */
const MAX_TEXT = 200_000;

/** One thing that is wrong in a definition's file. */
export interface DefinitionProblem {
  readonly file: string;
  /** Counted from 1, as `column` is. */
  readonly line: number;
  readonly column: number;
  /** `data.split.gate`; empty for the file as a whole. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
  /** What probably mends it. */
  readonly fix: string;
}

/** A definition that cannot be taken, with everything that is wrong with it. Trying again cannot help. */
export class DefinitionError extends MillraceError {
  override readonly name = 'DefinitionError';
  readonly retryable = false;
  readonly problems: readonly DefinitionProblem[];

  constructor(problems: readonly DefinitionProblem[], options?: ErrorOptions) {
    super(problems.map(problemText).join('\n'), options);
    this.problems = problems;
  }
}

/** `models/x.yml:12:5 data.split.gate: found 20, expected a number of less than 1; fix: write 0.2`. */
function problemText({ file, line, column, path, found, expected, fix }: DefinitionProblem): string {
  // A question that names the word to write is the fix.
  const more = expected.endsWith('?') ? '' : `; fix: ${fix}`;
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}found ${found}, expected ${expected}${more}`;
}

/** A definition as a file gives it. */
export interface ReadDefinition {
  /** The file's name without its ending. */
  readonly model: string;
  readonly definition: ModelDefinition;
}

/**
 * Reads a definition from YAML.
 *
 * @param yamlText what the file holds
 * @param file its path, which the model is named by and messages begin with
 * @param platform What of `platform.yml` a definition is held against; left out where nothing is deployed by it.
 * @throws DefinitionError with every problem: file, line, path, what was found, what was expected
 */
export function readDefinition(
  yamlText: string,
  file: string,
  platform?: { readonly predictionsKeptDays: number },
): ReadDefinition {
  const problem = (
    line: number,
    column: number,
    path: string,
    found: string,
    expected: string,
    fix: string,
  ): DefinitionProblem => ({ file, line, column, path, found, expected, fix });
  if (yamlText.length > MAX_TEXT)
    throw new DefinitionError([
      problem(
        1,
        1,
        '',
        `${yamlText.length} characters`,
        `at most ${MAX_TEXT}`,
        'keep what is no definition in another file',
      ),
    ]);
  const model = modelOf(file);
  const nameProblems =
    model.fault === undefined
      ? []
      : [
          problem(
            1,
            1,
            '',
            `a file named ${JSON.stringify(model.name)}`,
            model.fault,
            `name it models/${likelyName(model.name)}.yml`,
          ),
        ];

  const lines = new LineCounter();
  const document = parseDocument(yamlText, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    stringKeys: true,
  });
  const syntax = [...document.errors, ...document.warnings].map(({ code, message, pos: [offset] }) => {
    const { line, col } = lines.linePos(offset);
    const { expected, fix } = (message.startsWith('Flow') ? UNCLOSED : SYNTAX[code]) ?? {
      expected: `valid YAML (${message})`,
      fix: 'put text that holds : # @ % & * ! or begins with [ or { in quotes',
    };
    return problem(line, col, '', lineText(yamlText, line), expected, fix);
  });
  if (syntax.length > 0) throw new DefinitionError([...nameProblems, ...syntax]);

  const plain = plainValue(document);
  if ('fault' in plain)
    throw new DefinitionError([
      ...nameProblems,
      problem(1, 1, '', 'an alias', plain.fault, 'write the value itself in place of the alias'),
    ]);
  const { value } = plain;
  const parsed = modelDefinitionSchema.safeParse(value);
  const findings: Finding[] = parsed.success
    ? [
        ...contradictionsIn(parsed.data).map((each) => ({ ...each, isKey: false })),
        ...besideExisting(parsed.data, (path) => (valueAt(value, path) ?? null) !== null).map((each) => ({
          ...each,
          isKey: false,
        })),
        ...expressionFindings(parsed.data),
        ...(platform ? [expiresBeforeLabels(parsed.data, platform.predictionsKeptDays) ?? []].flat() : []),
      ]
    : parsed.error.issues.flatMap((issue) => findingsOf(issue, value));
  const problems = findings.map((finding) => {
    const { path, expected, isKey } = finding;
    const { line, column } = placeOf(document, lines, path, isKey);
    const found = isKey
      ? `the unknown setting ${JSON.stringify(String(path.at(-1)))}`
      : foundText(valueAt(value, path));
    return problem(line, column, pathText(path), found, expected, finding.fix ?? fixOf(finding, value));
  });
  const all = [...nameProblems, ...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  if (!parsed.success || all.length > 0) throw new DefinitionError(all);
  return { model: model.name, definition: parsed.data };
}

interface SyntaxWords {
  readonly expected: string;
  readonly fix: string;
}

/** YAML's complaints that can be said in our readers' words. */
const SYNTAX: Readonly<Record<string, SyntaxWords>> = {
  DUPLICATE_KEY: { expected: 'each setting once: this one is there already', fix: 'take one of the two out' },
  MULTIPLE_DOCS: {
    expected: 'one document: a file defines one model, so there is no --- in it',
    fix: 'take the --- out, or put what is below it in a file of its own',
  },
  TAB_AS_INDENT: { expected: 'spaces: YAML takes no tabs as indentation', fix: 'write two spaces for each tab' },
  BAD_INDENT: {
    expected: 'the indentation of the lines it belongs with',
    fix: 'begin the line below its neighbours: settings of one mapping stand in one column',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    expected: 'one setting on a line',
    fix: 'put the text behind the colon in quotes, or begin a new line, indented, for the second setting',
  },
  MISSING_CHAR: {
    expected: 'what was begun to be closed: a quote, a bracket, or a key by its colon',
    fix: 'write the missing quote, bracket or colon',
  },
  BAD_SCALAR_START: { expected: 'text that begins otherwise, or stands in quotes', fix: 'put it in quotes' },
};

const UNCLOSED: SyntaxWords = {
  expected: 'the list or mapping begun above to be closed, with ] or }',
  fix: 'write the missing ] or }',
};

/** The name of a model nearest to what a file is called: whole words, as many as fit. */
function likelyName(name: string): string {
  const words = name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  while (words.length > 1 && words.join('-').length > MAX_MODEL_NAME) words.pop();
  const likely = words.join('-').slice(0, MAX_MODEL_NAME);
  return modelNameSchema.safeParse(likely).success ? likely : 'my-model';
}

function lineText(text: string, line: number): string {
  const whole = (text.split('\n')[line - 1] ?? '').trim();
  return whole === '' ? 'nothing' : JSON.stringify(whole.slice(0, 80));
}

function modelOf(file: string): { name: string; fault: string | undefined } {
  const name = (file.split(/[/\\]/).at(-1) ?? '').replace(/\.ya?ml$/, '');
  if (modelNameSchema.safeParse(name).success) return { name, fault: undefined };
  return {
    name,
    fault: `a model's name: small letters and digits in words joined by -, a letter first, at most ${MAX_MODEL_NAME} characters`,
  };
}

/** The document as plain values; what its aliases get wrong is a problem like any other. */
function plainValue(document: Document): { value: unknown } | { fault: string } {
  try {
    // Aliases are YAML's own way to repeat a value; the limit keeps a few lines from becoming a gigabyte.
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (cause) {
    // The library throws nothing else for an alias to nothing, and for too many.
    if (!(cause instanceof ReferenceError)) throw cause;
    return { fault: `fewer aliases, each of an anchor that stands above it (${cause.message})` };
  }
}

function foundText(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** What is wrong with the label's and the features' expressions, and with what they read. */
function expressionFindings({ data }: ModelDefinition): Finding[] {
  const label = sqlFindings(data.label.sql, ['data', 'label', 'sql']);
  const labelColumns = label.columns ?? [data.label.name];
  const findings = [...label.findings];
  data.features?.forEach((feature, i) => {
    const path = ['data', 'features', i, ...(feature.sql === null ? [] : ['sql'])];
    const { findings: wrong, columns } = sqlFindings(feature.sql, path);
    findings.push(...wrong, ...roleFindings(columns ?? [feature.name], path, labelColumns, data));
  });
  return findings;
}

function sqlFindings(sql: string | null, path: Path): { findings: Finding[]; columns?: string[] } {
  if (sql === null) return { findings: [] };
  try {
    return { findings: [], columns: columnsRead(parseExpression(sql)) };
  } catch (cause) {
    if (!(cause instanceof ExpressionError)) throw cause;
    return { findings: [{ path, expected: `an expression of one row; ${cause.message}`, isKey: false }], columns: [] };
  }
}

function roleFindings(
  read: readonly string[],
  path: Path,
  label: readonly string[],
  { protected: guarded, post_event }: Pick<ModelDefinition['data'], 'protected' | 'post_event'>,
): Finding[] {
  const finding = (expected: string): Finding => ({ path, expected, isKey: false });
  const [only] = label;
  const found: Finding[] = [];
  // With several columns in the label, one of them may be honest input; the only one is the answer itself.
  if (only !== undefined && label.length === 1 && read.includes(only)) {
    found.push(finding(`no use of ${only}, which the label is made of: the model would be given the answer`));
  }
  // What a feature without an expression reads is refused by its name, as a contradiction.
  const refuseRead = (role: readonly string[], why: string): void => {
    const named = read.filter((name) => role.includes(name));
    if (named.length > 0 && path.at(-1) === 'sql') found.push(finding(`no use of ${named.join(', ')}: ${why}`));
  };
  refuseRead(guarded, 'data.protected are never features');
  refuseRead(post_event, 'data.post_event are known only after the event, and never features');
  return found;
}
