/**
 * The rule of a composite alarm. Source:
 * docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html, AlarmRule (documented).
 */
import { type AlarmState, ServiceError } from '../../contracts.ts';

/** The state of an alarm by its name or ARN; undefined when there is no such alarm. */
export type StateOf = (alarm: string) => AlarmState | undefined;

export interface AlarmRule {
  /** The alarms it names, by name or ARN, each once. */
  readonly alarms: readonly string[];
  holds(stateOf: StateOf): boolean;
}

type Test = (stateOf: StateOf) => boolean;

const TOKEN = /\s*(?:([()])|"((?:[^"\\]|\\.)*)"|([^\s()"]+))/y;

// That a bad rule is a ValidationError is documented; the words are *assumed*.
const refuse = (reason: string) => new ServiceError('ValidationException', `Invalid AlarmRule: ${reason}`);

interface Token {
  readonly kind: 'bracket' | 'quoted' | 'word';
  readonly text: string;
}

const tokensOf = (rule: string): Token[] => {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  const text = rule.trimEnd();
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw refuse(`unexpected character at position ${at + 1}`);
    const [, bracket, quoted, word] = match;
    if (bracket !== undefined) tokens.push({ kind: 'bracket', text: bracket });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replace(/\\(.)/g, '$1') });
    else tokens.push({ kind: 'word', text: word ?? '' });
  }
  return tokens;
};

const STATES: readonly string[] = ['ALARM', 'OK', 'INSUFFICIENT_DATA'];

/**
 * Reads a rule: `ALARM(a) AND NOT (OK("b") OR FALSE)`. NOT binds before AND, AND before OR.
 * @throws ServiceError ValidationException
 */
export const parseAlarmRule = (rule: string): AlarmRule => {
  const tokens = tokensOf(rule);
  const named = new Set<string>();
  let at = 0;
  const isBracket = (text: string) => tokens[at]?.kind === 'bracket' && tokens[at]?.text === text;
  const isWord = (text: string) => tokens[at]?.kind === 'word' && tokens[at]?.text.toUpperCase() === text;
  const close = () => {
    if (!isBracket(')')) throw refuse(`expected ) but found ${tokens[at]?.text ?? 'the end'}`);
    at++;
  };
  const primary = (): Test => {
    const token = tokens[at];
    at++;
    if (!token) throw refuse('it ends too early');
    if (token.kind === 'bracket' && token.text === '(') {
      const inner = either();
      close();
      return inner;
    }
    if (token.kind !== 'word') throw refuse(`unexpected ${token.text}`);
    const word = token.text.toUpperCase();
    if (word === 'TRUE') return () => true;
    if (word === 'FALSE') return () => false;
    if (!STATES.includes(word)) throw refuse(`unexpected ${token.text}`);
    if (!isBracket('(')) throw refuse(`${word} must name an alarm`);
    at++;
    const alarm = tokens[at];
    if (!alarm || alarm.kind === 'bracket') throw refuse(`${word} must name an alarm`);
    at++;
    close();
    named.add(alarm.text);
    return (stateOf) => stateOf(alarm.text) === word;
  };
  const negated = (): Test => {
    if (!isWord('NOT')) return primary();
    at++;
    const inner = negated();
    return (stateOf) => !inner(stateOf);
  };
  const chain = (word: string, operand: () => Test, join: (tests: readonly Test[]) => Test): Test => {
    const tests = [operand()];
    while (isWord(word)) {
      at++;
      tests.push(operand());
    }
    return join(tests);
  };
  const both = (): Test => chain('AND', negated, (tests) => (stateOf) => tests.every((test) => test(stateOf)));
  const either = (): Test => chain('OR', both, (tests) => (stateOf) => tests.some((test) => test(stateOf)));
  const root = either();
  if (at < tokens.length) throw refuse(`unexpected ${tokens[at]?.text}`);
  return { alarms: [...named], holds: root };
};
