/** The likely fix of what is wrong in a definition: what to write, where to put it, or what to leave out. */
import type { Finding } from './expectations.ts';
import { defaultAt, keysAt, placesOf, valueAt } from './expectations.ts';
import { type Path, pathText } from './locate.ts';

/** What to do about a finding. `value` is the whole definition as it was written. */
export function fixOf({ path, expected, isKey }: Finding, value: unknown): string {
  const near = /did you mean ([^?]+)\?/.exec(expected)?.[1];
  if (near !== undefined) return `write ${near}`;
  if (isKey) return keyFix(path, expected);
  const found = valueAt(value, path);
  const meant = meantBy(found, expected);
  if (meant !== undefined) return `write ${meant}`;
  const name = String(path.at(-1) ?? '');
  if (name === 'sql' && typeof found === 'string') return sqlFix(found, expected, path);
  const beside = /^([a-z_]+(?:\.[a-z_]+)+) as well/.exec(expected)?.[1];
  if (beside !== undefined) return `add ${beside}, or take ${pathText(path)} out`;
  if (/^(?:no |nothing)/.test(expected)) return `take ${shortPath(path)} out`;
  if (/^each .* once/.test(expected)) return 'take one of the two out';
  if (/^a column that is not (?:the label|in data)/.test(expected))
    return `name another column, or take ${shortPath(path)} out`;
  if (/beside it$/.test(expected)) return `add ${expected}`;
  if (/^at most max\b/.test(expected)) return 'exchange min and max';
  const fix = valueFix(found, expected, path);
  if (fix !== undefined) return fix;
  if (found === undefined) return missingFix(path);
  if (found === null)
    return `write a value behind the colon${defaultAt(path) === undefined ? '' : ', or take the line out'}`;
  return fallback(path, expected);
}

/** What other tools and everyday words call what we call otherwise; `|` where two can be meant. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  classification: 'binary|multiclass',
  classifier: 'binary|multiclass',
  numeric: 'regression',
  auc: 'roc_auc',
  roc_auc_score: 'roc_auc',
  logloss: 'log_loss',
  cross_entropy: 'log_loss',
  f1_score: 'f1',
  accuracy_score: 'accuracy',
  precision_score: 'precision',
  recall_score: 'recall',
  sensitivity: 'recall',
  pr_auc: 'average_precision',
  average_precision_score: 'average_precision',
  brier_score_loss: 'brier',
  mse: 'rmse',
  mean_squared_error: 'rmse',
  mean_absolute_error: 'mae',
  not_null: 'completeness',
  expect_column_values_to_not_be_null: 'completeness',
  unique: 'uniqueness',
  expect_column_values_to_be_unique: 'uniqueness',
  range: 'values_between',
  expect_column_values_to_be_between: 'values_between',
  in_set: 'values_in_set',
  isin: 'values_in_set',
  expect_column_values_to_be_in_set: 'values_in_set',
  regex: 'matches_regex',
  expect_column_values_to_match_regex: 'matches_regex',
  auto: 'automatic',
  categorical: 'category',
  numerical: 'number',
};

/** The word of ours for a word of others, where it is among what is expected. */
function meantBy(found: unknown, expected: string): string | undefined {
  if (typeof found !== 'string') return undefined;
  const ours = OTHER_WORDS[found.toLowerCase().replaceAll(/[ -]/g, '_')]?.split('|') ?? [];
  const words = new Set(expected.split(/[^\w]+/));
  const known = ours.filter((word) => words.has(word));
  if (known.length > 0) return known.join(' or ');
  return /^[a-z]\w+\.\w+$/.test(found) && expected.startsWith('an instance type') ? `ml.${found}` : undefined;
}

/** Settings of the built-in algorithm that people look for among ours. */
const HYPERPARAMETERS =
  /^(?:num_round|n_estimators|max_depth|eta|learning_rate|subsample|colsample_\w+|min_child_weight|gamma|alpha|lambda|scale_pos_weight|early_stopping_rounds)$/;

/** A list's item is named with its list: `data.features[1]`. */
const shortPath = (path: Path): string => pathText(path) || 'it';

function keyFix(path: Path, expected: string): string {
  const key = String(path.at(-1));
  const said = /this is said by ([^;]+)$/.exec(expected)?.[1];
  const places = placesOf(key).filter((place) => pathText(place) !== pathText(path));
  const [only] = places;
  if (HYPERPARAMETERS.test(key)) return `put ${key} below training.hyperparameters`;
  if (only === undefined && said !== undefined) return `say it by ${said}`;
  // The unit belongs to the value: `cooldown_hours: 24` is cooldown: 24h.
  const [, setting = '', unit = ''] = /^(\w+)_(seconds|minutes|hours|days|weeks)$/.exec(key) ?? [];
  if (keysAt(path.slice(0, -1)).includes(setting))
    return `write ${setting}, with the unit in the value, as in 24${unit.charAt(0)}`;
  if (only === undefined) return `take ${key} out`;
  const below = [...new Set(places.map((place) => pathText(place.slice(0, -1)) || 'the left margin'))].slice(0, 3);
  return below[0] === 'the left margin'
    ? `put ${key} at the left margin: it stands below ${pathText(path.slice(0, -1))}`
    : `put ${key} below ${below.join(' or ')}: mind the indentation`;
}

function missingFix(path: Path): string {
  const name = String(path.at(-1));
  if (name === 'label') return 'add the column to predict below data, as in label: late';
  if (name === 'problem') return 'add problem: binary, multiclass or regression';
  return `add ${shortPath(path)}`;
}

function fallback(path: Path, expected: string): string {
  const byDefault = defaultAt(path);
  const last = path.at(-1);
  if (typeof last === 'number') return `take ${pathText(path)} out, or write ${expected.split(/[:;]/)[0]}`;
  if (byDefault !== undefined && byDefault !== null && typeof byDefault !== 'object')
    return `leave ${String(last)} out; the default is ${String(byDefault)}`;
  if (byDefault !== undefined) return `leave ${String(last)} out; it has a default`;
  return expected.startsWith('one of') ? 'write one of them' : `write ${expected}`;
}

const TRUE = /^(?:yes|y|on|true|t|1)$/i;
const FALSE = /^(?:no|n|off|false|f|0)$/i;

/** What the value was probably meant to be; undefined where nothing is likely. */
function valueFix(found: unknown, expected: string, path: Path): string | undefined {
  if (expected.startsWith('a duration')) return durationFix(found);
  if (expected === 'true or false') {
    const text = String(found);
    return TRUE.test(text) ? 'write true' : FALSE.test(text) ? 'write false' : undefined;
  }
  if (/^(?:a number|a whole number|a multiple|at (?:least|most) )/.test(expected)) return numberFix(found, expected);
  if (expected.startsWith('text')) {
    if (typeof found === 'number' || typeof found === 'boolean') return `put it in quotes: '${found}'`;
    if (Array.isArray(found)) return 'write one name, without brackets or dashes';
    return undefined;
  }
  if (expected.startsWith('a list')) {
    if (typeof found !== 'string') return undefined;
    return `write [${found
      .split(/[,;\s]+/)
      .filter((part) => part !== '')
      .join(', ')}]`;
  }
  if (expected.startsWith('a mapping')) return mappingFix(found, path);
  return undefined;
}

function mappingFix(found: unknown, path: Path): string | undefined {
  const [first, second] = keysAt(path);
  if (first === undefined) return undefined;
  if (path.length === 0 && typeof found === 'string' && /^\w+:\S/.test(found)) return 'put a blank behind each colon';
  if (Array.isArray(found)) return 'take the dashes out: settings are no list';
  return `write settings below ${path.length === 0 ? 'nothing, at the left margin' : String(path.at(-1))}, such as ${first}: …${second === undefined ? '' : ` and ${second}: …`}`;
}

function numberFix(found: unknown, expected: string): string | undefined {
  const isShare = /of less than 1$|at most 1$|from 0 to 1/.test(expected);
  const text = typeof found === 'string' ? found.trim().replace(',', '.') : '';
  const percent = /^([\d.]+) ?%$/.exec(text)?.[1];
  if (percent !== undefined) return `write ${Number(percent) / 100}`;
  if (text !== '' && Number.isFinite(Number(text))) return `write ${Number(text)}, without quotes`;
  if (text !== '' && expected.startsWith('a '))
    return /such as (\S+)$/.test(expected)
      ? `write 0.01, or a share ${/such as \S+$/.exec(expected)?.[0]}`
      : 'write digits, without words or units';
  if (isShare && typeof found === 'number' && found > 1 && found <= 100) return `write ${found / 100}`;
  const multiple = Number(/^a multiple of (\d+)$/.exec(expected)?.[1]);
  if (multiple > 0 && typeof found === 'number') return `write ${Math.max(1, Math.round(found / multiple)) * multiple}`;
  const bound = /(at least|at most) ([\w.%-]+)/.exec(expected);
  return bound === null ? undefined : `write ${bound[2]}${bound[1] === 'at least' ? ' or more' : ' or less'}`;
}

const UNITS: readonly (readonly [words: RegExp, unit: string, factor: number])[] = [
  [/^(?:s|secs?|seconds?)$/i, 's', 1],
  [/^(?:m|mins?|minutes?)$/i, 'm', 1],
  [/^(?:h|hrs?|hours?)$/i, 'h', 1],
  [/^(?:d|days?)$/i, 'd', 1],
  [/^(?:w|weeks?)$/i, 'w', 1],
  [/^months?$/i, 'd', 30],
  [/^(?:y|yrs?|years?)$/i, 'd', 365],
];

function durationFix(found: unknown): string {
  if (typeof found === 'number') return `write ${found}s if it is seconds, ${found}h if hours, ${found}d if days`;
  const [, number = '', word = ''] =
    /^([\d.]+)[ _-]*([A-Za-z]+)$/.exec(typeof found === 'string' ? found.trim() : '') ?? [];
  const unit = UNITS.find(([words]) => words.test(word));
  return unit === undefined
    ? 'write a number and its unit together, such as 24h'
    : `write ${Number(number) * unit[2]}${unit[1]}`;
}

/** Mistakes of SQL that come from other languages, and from statements where an expression is asked for. */
const SQL_FIXES: readonly (readonly [sql: RegExp, fix: string])[] = [
  [/^\s*select\b/i, 'write the expression alone, without SELECT and FROM'],
  [/;\s*$/, 'leave out the semicolon'],
  [/==/, 'write = for =='],
  [/&&/, 'write AND for &&'],
  [/\bif\b.*\belse\b/i, 'write CASE WHEN condition THEN value ELSE other END'],
  [/\b(?:df|data|row)\s*[[.]/i, "write the column's name alone"],
  [/=\s*null\b/i, 'write IS NULL'],
];

/** The same by what is said of the expression. */
const SAID: readonly (readonly [said: RegExp, fix: string])[] = [
  [/aggregate|window|subquer/i, 'compute it before the data is delivered, and deliver it as a column'],
  [/changes from call to call/, "deliver the time as a column, and use date_diff('day', from, to)"],
  [/not complete/, 'write what belongs behind the end'],
];

function sqlFix(sql: string, expected: string, path: Path): string {
  const known =
    SQL_FIXES.find(([pattern]) => pattern.test(sql))?.[1] ?? SAID.find(([pattern]) => pattern.test(expected))?.[1];
  if (known !== undefined) return known;
  const use = /so (use [^;]+)$/.exec(expected)?.[1];
  if (use !== undefined) return use;
  if (/reads files/.test(expected)) return 'deliver what it would read as a column';
  if (expected.startsWith('no use of'))
    return `take ${shortPath(path.slice(0, -1))} out, or write it without that column`;
  return 'write an expression of one row, such as delay > 15 or hour(date)';
}
