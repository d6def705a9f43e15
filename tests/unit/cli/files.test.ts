/** The commands on files as their users run them: in a folder of files, with nothing else. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findDelivery } from '../../../cli/offline/delivery.ts';
import { findComment } from '../../../cli/offline/find-comment.ts';
import { init } from '../../../cli/verbs/init.ts';
import { prepare } from '../../../cli/verbs/prepare.ts';
import { profile } from '../../../cli/verbs/profile.ts';
import { rules } from '../../../cli/verbs/rules.ts';
import { validate } from '../../../cli/verbs/validate.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { sourceSchema } from '../../../shared/definition/source.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';
import { here } from './here.ts';

const UNDECLARED = sourceSchema.parse({});

const CLI = join(import.meta.dirname, '..', '..', '..', 'cli', 'millrace.ts');

let folder: string;

const at = (name: string): string => join(folder, name);

/** Calls to a help desk: whether they were solved at once depends on their length and topic. */
function calls(rows: number, seed: number): string {
  const { uniform } = randomStream(seed);
  const lines = Array.from({ length: rows }, (_, row) => {
    const minutes = Math.round(uniform() * 600) / 10;
    const topic = ['bill', 'line', 'device'][Math.floor(uniform() * 3)] ?? '';
    const solved = uniform() < (topic === 'bill' ? 0.9 : 0.5) * (minutes < 30 ? 1 : 0.4);
    const day = new Date(Date.UTC(2025, 0, 1 + Math.floor(row / 10))).toISOString().slice(0, 10);
    return `${1000 + row},${day},${minutes},${topic},"said: ""${row}"", and hung up",${solved ? 'yes' : 'no'}`;
  });
  return `call_id,day,minutes,topic,note,solved\n${lines.join('\n')}\n`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-files-'));
  await writeFile(at('calls.csv'), calls(900, 3));
  await mkdir(at('parts'));
  const [head = '', ...lines] = calls(900, 3).trimEnd().split('\n');
  await writeFile(at('parts/a.csv'), `${head}\n${lines.slice(0, 500).join('\n')}\n`);
  await writeFile(at('parts/b.csv.gz'), gzipSync(`${head}\n${lines.slice(500).join('\n')}\n`));
  await writeFile(at('parts/_notes'), 'not data');
  const made = await here(init, [at('calls.csv')], { label: 'solved', out: at('calls.yml') });
  expect(made.exit).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('profile', () => {
  it('says what a file holds, and writes a report that stands alone', async () => {
    const { exit, text, data } = await here(profile, [at('calls.csv')], { html: at('calls.html') });
    const report = await readFile(at('calls.html'), 'utf8');

    expect(exit).toBe(0);
    expect(text).toMatch(/900 rows, 6 columns/);
    expect(text).toMatch(/topic +string +3 /);
    expect(data).toMatchObject({ format: 'csv', problems: [], profile: { rows: 900 } });
    expect(report).toContain('<html');
    expect(report).not.toMatch(/(src|href)="https?:/);
  });

  it('reads a folder of parts as the one file they were', async () => {
    const [whole, parts] = [await here(profile, [at('calls.csv')]), await here(profile, [at('parts')])];
    expect(Object(parts.data).profile).toEqual(Object(whole.data).profile);
  });

  it('tells what is wrong, by line, and exits 1', async () => {
    await writeFile(at('ragged.csv'), 'a,b\n1,2\n3\n');
    const { exit, text } = await here(profile, [at('ragged.csv')]);
    expect(exit).toBe(1);
    expect(text).toMatch(/line 3: .*ragged_row/);
  });

  it('writes out line ends and what would command a terminal, wherever it stands in the file', async () => {
    const cells = ['two\nlines', 'clear\u001b[2J', 'bell\u0007', 'c1\u009b2J'];
    const rows = Array.from({ length: 40 }, (_, row) => `${row},"${cells[row % 2]}","${cells[2 + (row % 2)]}"`);
    await writeFile(at('terminal.csv'), `id,first,second\n${rows.join('\n')}\n`);
    await writeFile(at('terminal.jsonl'), '{"id":1,"na\u001b[2Jme":2}\n'.replace('\u001b', '\\u001b'));
    const run = (file: string) =>
      new Promise<string>((resolve) => {
        execFile(process.execPath, [CLI, 'profile', at(file)], (_, out, err) => resolve(out + err));
      });

    const [table, problems] = [await run('terminal.csv'), await run('terminal.jsonl')];

    expect(table).toContain('two\\nlines 50%');
    expect(table).toContain('clear\\u001b[2J 50%');
    expect(table).toContain('c1\\u009b2J 50%');
    expect(
      table
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('reading ')),
    ).toHaveLength(5);
    expect(problems).toContain('json_invalid');
    for (const text of [table, problems]) expect(text).not.toMatch(/[\p{Cc}--\n]/v);
  });

  it('exits 2 where there is no such file', async () => {
    const { exit, data } = await here(profile, [at('nothing.csv')]);
    expect(exit).toBe(2);
    expect(data).toMatchObject({ problem: { code: 'no_such_file' } });
  });
});

describe('init', () => {
  it('writes a definition that accepts the file it was made from, each guess with its reason', async () => {
    const yaml = await readFile(at('calls.yml'), 'utf8');
    expect(yaml).toMatch(/^problem: binary {2}# /m);
    expect(yaml).toMatch(/label: \{ name: solved_is_yes, sql: solved = 'yes' \}/);
    expect(yaml).toMatch(/^ {2}time: day {2}# /m);
    expect(yaml).toMatch(/^ {2}key: \[call_id\]/m);
    expect(yaml).toMatch(/^ {2}# {3}note: .*every row has its own value/m);
    expect(yaml).toMatch(/^ {2}# {3}- \{ rule: values_not_negative, column: minutes \} {2}# /m);
  });

  it('asks of a column that gives the label away whether it is known only afterwards', async () => {
    const [head = '', ...lines] = calls(900, 7).trimEnd().split('\n');
    const told = lines.map((line, row) => `${line},${(row % 8) + (line.endsWith('yes') ? 0 : 8)}`);
    await writeFile(at('closed.csv'), `${head},stars\n${told.join('\n')}\n`);

    const { exit } = await here(init, [at('closed.csv')], { label: 'solved', out: at('closed.yml') });

    const yaml = await readFile(at('closed.yml'), 'utf8');
    const said = yaml.replace('  # post_event:', '  post_event:');
    expect(exit).toBe(0);
    expect(yaml).toMatch(/^ {2}# post_event: \[stars\] {2}# stars alone ranks the label with an AUC of 1$/m);
    expect(() => readDefinition(said, 'closed.yml')).toThrow(
      'no stars: data.post_event are known only after the event',
    );
    expect(readDefinition(said.replace(/^ {4}- \{ name: stars.*\n/m, ''), 'closed.yml').definition.data).toMatchObject({
      post_event: ['stars'],
    });
    expect(await readFile(at('calls.yml'), 'utf8')).not.toContain('post_event');
  });

  it('allows rows that equal others in all but their key, and asks whether they are copies', async () => {
    const [, ...lines] = calls(900, 8).trimEnd().split('\n');
    const short = lines.map((line, row) => `${row},${line.split(',').slice(2, 4).join(',')},${line.split(',').at(-1)}`);
    await writeFile(at('short.csv'), `call_id,minutes,topic,solved\n${short.join('\n')}\n`);
    const { exit } = await here(init, [at('short.csv')], { label: 'solved', out: at('short.yml') });
    const yaml = await readFile(at('short.yml'), 'utf8');
    const [, equal = '', allowed = ''] =
      /^ {2}split: \{ validation: 0\.1, gate: 0\.2, max_shared: (\S+) \} {2}# (\d+) rows of 900 equal another in all but call_id/m.exec(
        yaml,
      ) ?? [];
    const contents = short.map((line) => line.replace(/^\d+,/, ''));
    const copies = contents.filter((each, row) => contents.some((other, i) => i !== row && other === each)).length;
    expect(exit).toBe(0);
    expect(copies).toBeGreaterThan(0);
    expect([Number(allowed), Number(equal)]).toEqual([copies, Math.max(0.05, Math.ceil((200 * copies) / 900) / 100)]);
    const refused = yaml.replace(/, max_shared: \S+/, '');
    await writeFile(at('short-refused.yml'), refused);
    expect(await here(prepare, [at('short.csv')], { model: at('short.yml'), out: at('short-out') })).toMatchObject({
      exit: 0,
    });
    const without = await here(prepare, [at('short.csv')], { model: at('short-refused.yml'), out: at('short-none') });
    expect(without).toMatchObject({ exit: 1, text: expect.stringContaining('in all but call_id') });
  });

  it('declares in the definition what was declared of the file', async () => {
    const text = calls(300, 6).replaceAll(',', ';').replaceAll('device', 'gerät');
    await writeFile(at('latin.csv'), Buffer.from(text, 'latin1'));
    const { exit } = await here(init, [at('latin.csv')], {
      label: 'solved',
      out: at('latin.yml'),
      encoding: 'latin-1',
    });
    const checked = await here(validate, [at('latin.csv')], { model: at('latin.yml') });
    const undeclared = await here(profile, [at('latin.csv')]);
    expect(exit).toBe(0);
    expect(await readFile(at('latin.yml'), 'utf8')).toMatch(/^ {2}source: \{ encoding: latin-1 \}$/m);
    expect(checked.exit).toBe(0);
    expect(undeclared.exit).toBe(1);
  });

  it.each([
    ['hashes', '#', '# Calls to the help desk\n# from 2025-01-01, as exported\n\n', '# corrected by hand\n'],
    ['percent signs, of gzip', '%', '% Calls to the help desk, 2025\n', ''],
    ['slashes', '/', '// Calls to the help desk\r\n// 2025\r\n', '// corrected\n'],
    ['semicolons, in UTF-16', ';', '; Calls to the help desk\n', '; corrected\n'],
  ])('declares comments above the header: lines that begin with %s', async (what, mark, above, between) => {
    const [header = '', ...rows] = calls(300, 6).split('\n');
    const text = `${above}${[header, ...rows.slice(0, 40)].join('\n')}\n${between}${rows.slice(40).join('\n')}`;
    const name = `comments${mark.codePointAt(0)}`;
    const bytes = what.endsWith('gzip')
      ? gzipSync(text)
      : Buffer.from(`${what.endsWith('16') ? '\uFEFF' : ''}${text}`, what.endsWith('16') ? 'utf16le' : 'utf8');
    await writeFile(at(`${name}.csv`), bytes);

    const made = await here(init, [at(`${name}.csv`)], { label: 'solved', out: at(`${name}.yml`) });
    const checked = await here(validate, [at(`${name}.csv`)], { model: at(`${name}.yml`) });

    expect(made.exit).toBe(0);
    expect(made.text).toContain(`lines that begin with ${mark} are taken for comments`);
    expect(await readFile(at(`${name}.yml`), 'utf8')).toContain(`  source: { comment: ${JSON.stringify(mark)} }\n`);
    expect(checked.data).toMatchObject({ accepted: true, rows: 300 });
  });

  it.each([
    ['the header itself begins with the mark', (text: string) => `#${text}`],
    ['a row begins with the mark', (text: string) => `# Calls\n${text.replace('\n1003,', '\n#1003,')}`],
    ['the header is one of the comments', (text: string) => `# Calls\n#${text}`],
    ['a path begins with a slash', (text: string) => text.replaceAll(/^(\d)/gm, '/$1')],
    ['nothing else is in the file', () => '# Calls\n# and nothing more\n'],
  ])('takes no line for a comment where %s', async (_, change) => {
    await writeFile(at('uncommented.csv'), change(calls(300, 6)));

    const found = await findComment(await findDelivery(at('uncommented.csv')), UNDECLARED);

    expect(found).toBeNull();
  });

  it('finds comments in all parts of a folder, and one mark of them', async () => {
    const part = async (name: string, text: string) => {
      await mkdir(at('commented'), { recursive: true });
      await writeFile(at(`commented/${name}`), text);
    };
    const found = async () => findComment(await findDelivery(at('commented')), UNDECLARED);
    await part('a.csv', `# January\n${calls(20, 6)}`);
    await part('b.csv', calls(20, 7));

    expect(await found()).toBe('#');
    expect(await findComment(await findDelivery(at('commented')), { ...UNDECLARED, comment: '%' })).toBeNull();
    expect(await findComment(await findDelivery(at('commented')), { ...UNDECLARED, format: 'jsonl' })).toBeNull();
    // A row of another part begins so.
    await part('c.csv', calls(20, 8).replace('\n1003,', '\n#1003,'));
    expect(await found()).toBeNull();
    await part('c.csv', `% March\n${calls(20, 8)}`);
    expect(await found()).toBeNull();
  });

  it('is asked for a file that is named as its model is, before it writes anything', async () => {
    const refused = here(init, [at('calls.csv')], { label: 'solved', name: 'talks', out: at('calls-2.yml') });
    await expect(refused).rejects.toThrow(/named talks\.yml/);
    await expect(here(init, [at('calls.csv')], { label: 'solved', out: at('My Calls.yml') })).rejects.toThrow(
      /no model's name/,
    );
    expect(existsSync(at('calls-2.yml'))).toBe(false);
  });

  it('writes over nothing', async () => {
    const before = await readFile(at('calls.yml'), 'utf8');
    const { exit, data } = await here(init, [at('calls.csv')], { label: 'topic', out: at('calls.yml') });
    expect(exit).toBe(2);
    expect(data).toMatchObject({ problem: { code: 'file_exists' } });
    expect(await readFile(at('calls.yml'), 'utf8')).toBe(before);
  });

  it('names the columns there are where the label is none of them', async () => {
    const { exit, text } = await here(init, [at('calls.csv')], { label: 'resolved', out: at('none.yml') });
    expect(exit).toBe(2);
    expect(text).toMatch(/no column "resolved"/);
    expect(text).toMatch(/"solved"/);
    expect(existsSync(at('none.yml'))).toBe(false);
  });

  it('says that the file itself is not accepted where rows have no label', async () => {
    const gaps = calls(300, 5).replaceAll(/,yes$/gm, (yes, offset: number) => (offset % 7 === 0 ? ',' : yes));
    await writeFile(at('gaps.csv'), gaps);
    const { exit, text, data } = await here(init, [at('gaps.csv')], { label: 'solved', out: at('gaps.yml') });
    expect(exit).toBe(1);
    expect(text).toMatch(/label_missing/);
    expect(data).toMatchObject({ accepted: false });
    expect(await readFile(at('gaps.yml'), 'utf8')).toMatch(/rows have no solved/);
  });
});

describe('a file as a spreadsheet writes it', () => {
  /** Days, amounts and shares in the habits of one country; whether something was returned hangs on the amount. */
  function orders(rows: number, day: (date: Date) => string, amount: (value: number) => string, gap: string): string {
    const { uniform } = randomStream(7);
    const lines = Array.from({ length: rows }, (_, row) => {
      const value = Math.round(uniform() * 500_000) / 100;
      const returned = uniform() < (value > 2500 ? 0.7 : 0.2);
      const cells = [
        day(new Date(Date.UTC(2024, 0, 1 + Math.floor(row / 4)))),
        amount(value),
        `${Math.floor(uniform() * 30)} %`,
        uniform() < 0.1 ? gap : String(Math.floor(uniform() * 9)),
        (returned ? ['Yes', 'yes', 'Y'] : ['no', 'No', 'N'])[row % 3] ?? '',
      ];
      return cells.join(';');
    });
    return `day;amount;discount;items;returned\n${lines.join('\n')}\n`;
  }
  const two = (n: number): string => String(n).padStart(2, '0');
  const german = (date: Date): string =>
    `${two(date.getUTCDate())}.${two(date.getUTCMonth() + 1)}.${date.getUTCFullYear()}`;
  const american = (date: Date): string => `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()}`;
  const inGerman = new Intl.NumberFormat('de-DE', { minimumFractionDigits: 2 });
  const inDollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

  it.each([
    ['german', german, inGerman, '?', /day: \{ date: "%d\.%m\.%Y" \}/, /amount: \{ decimal: ",", thousands: "\." \}/],
    [
      'american',
      american,
      inDollars,
      '-',
      /day: \{ date: "%m\/%d\/%Y" \}/,
      /amount: \{ thousands: ",", unit: "?\$"? \}/,
    ],
  ] as const)(
    'is read as it is written, and the definition declares it: %s',
    async (name, day, numbers, gap, date, amount) => {
      const text = orders(600, day, (value) => numbers.format(value), gap);
      await writeFile(at(`${name}.csv`), `\uFEFF${text}`);

      const { exit } = await here(init, [at(`${name}.csv`)], { label: 'returned', out: at(`${name}.yml`) });
      const yaml = await readFile(at(`${name}.yml`), 'utf8');
      const out = at(`${name}-prepared`);
      const prepared = await here(prepare, [at(`${name}.csv`)], { model: at(`${name}.yml`), out });
      const { data } = await here(profile, [at(`${name}.csv`)]);

      expect(exit).toBe(0);
      expect(yaml).toMatch(date);
      expect(yaml).toMatch(amount);
      expect(yaml).toContain('discount: { unit: "%" }');
      expect(yaml).toContain(`items: { missing: ["${gap}"] }`);
      expect(yaml).toContain(`sql: "lower(trim(returned)) IN ('y', 'yes')"`);
      expect(yaml).toMatch(/^ {2}time: day/m);
      expect(prepared.text).toMatch(/split by time/);
      expect(Object(data).written.map(({ column }: { column: string }) => column)).toEqual([
        'day',
        'amount',
        'discount',
        'items',
      ]);
    },
  );

  it('is left as text where a day could be a month, or a comma either mark', async () => {
    const lines = Array.from(
      { length: 120 },
      (_, row) => `${(row % 12) + 1}/${((row * 5) % 12) + 1}/2024;${(row % 9) + 1},${100 + row};${row % 2};${row % 7}`,
    );
    await writeFile(at('either.csv'), `day;amount;label;x\n${lines.join('\n')}\n`);

    const { exit } = await here(init, [at('either.csv')], { label: 'label', out: at('either.yml') });
    const yaml = await readFile(at('either.yml'), 'utf8');

    expect(exit).toBe(0);
    expect(yaml).not.toMatch(/^ {2}source:/m);
    expect(yaml).toMatch(/# {3}day: the cells of day are written with the year behind/);
    expect(yaml).toMatch(/# {3}amount: the cells of amount are written with commas between thousands/);
  });

  it('takes whole numbers for times where their name and size say so', async () => {
    const lines = Array.from({ length: 300 }, (_, row) => `${1_700_000_000 + row * 21_600},${row % 7},${row % 2}`);
    await writeFile(at('epoch.csv'), `created_at,x,label\n${lines.join('\n')}\n`);

    const { exit } = await here(init, [at('epoch.csv')], { label: 'label', out: at('epoch.yml') });

    expect(exit).toBe(0);
    expect(await readFile(at('epoch.yml'), 'utf8')).toMatch(/created_at: \{ epoch: seconds \}[\s\S]*time: created_at/);
  });

  it('keeps numbers with leading zeros as the names they are', async () => {
    const lines = Array.from({ length: 300 }, (_, row) => `0${1000 + (row % 20)},${row % 7},${row % 2}`);
    await writeFile(at('codes.csv'), `zip,x,label\n${lines.join('\n')}\n`);

    await here(init, [at('codes.csv')], { label: 'label', out: at('codes.yml') });

    expect(await readFile(at('codes.yml'), 'utf8')).toContain('- { name: zip, kind: category }');
  });

  it('is refused in words of the command line, and what is the same is said once', async () => {
    await writeFile(at('titled.csv'), `Orders, all\n${orders(40, american, String, '').replaceAll(';', ',')}`);
    await writeFile(at('western.csv'), Buffer.from('größe,label\n1,0\n', 'latin1'));

    const titled = await here(init, [at('titled.csv')], { label: 'returned', out: at('titled.yml') });
    await writeFile(at('alone.csv'), `Orders of 2024\n${orders(40, german, String, '')}`);
    const alone = await here(init, [at('alone.csv')], { label: 'returned', out: at('alone.yml') });
    const western = await here(init, [at('western.csv')], { label: 'label', out: at('western.yml') });

    expect(titled.text).toMatch(/lines 2, 3, 4, 5, 6 and 36 more: .*\(ragged_row\)\nwhat to do: .*lines above it/);
    expect(alone.text).toMatch(/take the lines above the header away, or say --delimiter/);
    expect(western.text).toMatch(/what to do: .*--encoding windows-1252/);
    expect(western.text.match(/\(encoding\)/g)).toHaveLength(1);
  });

  it('tells why no column is left to learn from', async () => {
    await writeFile(
      at('bare.csv'),
      `id,label\n${Array.from({ length: 60 }, (_, row) => `${row},${row % 2}`).join('\n')}\n`,
    );

    const { exit, text } = await here(init, [at('bare.csv')], { label: 'label', out: at('bare.yml') });

    expect(exit).toBe(2);
    expect(text).toMatch(/no column beside label can be learned from:\n {2}id: every row has its own value/);
  });
});

describe('validate', () => {
  it('accepts what fits, with what came of each check', async () => {
    const { exit, text, data } = await here(validate, [at('calls.csv')], { model: at('calls.yml') });
    expect(exit).toBe(0);
    expect(text).toMatch(/accepted for calls; 900 rows/);
    expect(data).toMatchObject({ accepted: true, rows: 900 });
  });

  it('rejects what does not, by line and column, and writes the report', async () => {
    const broken = calls(300, 4).replace(/^1042,[^,]*/m, '1042,yesterday');
    await writeFile(at('broken.csv'), broken);
    const { exit, text } = await here(validate, [at('broken.csv')], {
      model: at('calls.yml'),
      html: at('broken.html'),
    });
    expect(exit).toBe(1);
    expect(text).toMatch(/rejected for calls/);
    expect(text).toMatch(/line 44, column day/);
    expect(await readFile(at('broken.html'), 'utf8')).toContain('rejected');
  });

  it('judges by a rule of the definition', async () => {
    const yaml = (await readFile(at('calls.yml'), 'utf8')).replace(
      /^ {2}# rules:$/m,
      '  rules: [{ rule: values_between, column: minutes, max: 30 }]',
    );
    await writeFile(at('ruled.yml'), yaml);
    const { exit, text } = await here(validate, [at('calls.csv')], { model: at('ruled.yml') });
    expect(exit).toBe(1);
    expect(text).toMatch(/fail +values_between +minutes/);
  });

  it('exits 2 where the definition is none', async () => {
    await writeFile(at('bad.yml'), 'problem: binary\ndata: { label: x, speed: 3 }\n');
    const { exit, text } = await here(validate, [at('calls.csv')], { model: at('bad.yml') });
    expect(exit).toBe(2);
    expect(text).toMatch(/bad\.yml:2:.*speed/s);
  });
});

describe('prepare', () => {
  it('writes what training and judging would read, and no row twice', async () => {
    const out = at('prepared');
    const { exit, text, data } = await here(prepare, [at('calls.csv')], { model: at('calls.yml'), out });
    const parts = await Promise.all(
      ['train', 'validation', 'gate'].map(async (split) => {
        const names = await readdir(join(out, split, 'data'));
        const texts = await Promise.all(names.map((name) => readFile(join(out, split, 'data', name), 'utf8')));
        return texts.join('').trimEnd().split('\n');
      }),
    );
    const { features } = JSON.parse(await readFile(join(out, 'input.json'), 'utf8'));

    expect(exit).toBe(0);
    expect(text).toMatch(/split by time/);
    expect(parts.reduce((sum, lines) => sum + lines.length, 0)).toBe(900);
    expect(Object(data).splits.train.rows).toBe(parts[0]?.length);
    expect(new Set(parts[0]?.map((line) => line.split(',').length))).toEqual(new Set([features.length + 1]));
    expect(new Set(parts[2]?.map((line) => line.split(',').length))).toEqual(new Set([features.length]));
  });

  it('writes folds beside what all rows teach: each row judges in one', async () => {
    const yaml = (await readFile(at('calls.yml'), 'utf8'))
      .replace(/^ {2}time: .*\n/m, '')
      .replace(/^data:$/m, 'data:\n  split: { folds: 3 }');
    await writeFile(at('folded.yml'), yaml);
    const out = at('folded');
    const { exit, text } = await here(prepare, [at('calls.csv')], { model: at('folded.yml'), out });
    const linesIn = async (folder: string) => {
      const names = await readdir(join(out, folder, 'data'));
      const texts = await Promise.all(names.map((name) => readFile(join(out, folder, 'data', name), 'utf8')));
      return texts.join('').trimEnd().split('\n').length;
    };

    expect(exit, text).toBe(0);
    expect(text).toMatch(/split by a hash into 3 folds/);
    expect(await linesIn('train')).toBe(900);
    expect(await linesIn('gate')).toBe(900);
    const folds = await Promise.all(
      ['1', '2', '3'].map(async (fold) => [await linesIn(`folds/${fold}/gate`), await linesIn(`folds/${fold}/train`)]),
    );
    expect(folds.reduce((sum, [judged = 0]) => sum + judged, 0)).toBe(900);
    expect(folds.map(([judged = 0, taught = 0]) => judged + taught)).toEqual([900, 900, 900]);
  });

  it('mixes nothing with what lies there, and prepares nothing that is rejected', async () => {
    const again = await here(prepare, [at('calls.csv')], { model: at('calls.yml'), out: at('parts') });
    const rejected = await here(prepare, [at('ragged.csv')], { model: at('calls.yml'), out: at('unprepared') });
    expect(again).toMatchObject({ exit: 2, data: { problem: { code: 'folder_not_empty' } } });
    expect(rejected.exit).toBe(1);
    expect(await readdir(at('unprepared'))).toEqual([]);
  });
});

describe('rules', () => {
  it("go to Model Monitor's files and come back", async () => {
    const yaml = (await readFile(at('calls.yml'), 'utf8')).replace(
      /^ {2}# rules:$/m,
      '  rules:\n    - { rule: completeness, column: minutes, min: 0.9 }\n    - { rule: values_not_negative, column: minutes }',
    );
    await writeFile(at('monitored.yml'), yaml);
    const dir = at('monitor');
    const written = await here(rules, ['export', at('monitored.yml')], { dir, data: at('calls.csv') });
    await writeFile(at('fresh.yml'), await readFile(at('calls.yml'), 'utf8'));
    const taken = await here(rules, ['import', at('fresh.yml')], { dir });
    const again = await here(rules, ['import', at('fresh.yml')], { dir });
    const fresh = await readFile(at('fresh.yml'), 'utf8');

    expect(written.exit).toBe(0);
    expect((await readdir(dir)).sort()).toEqual(['constraint_violations.json', 'constraints.json', 'statistics.json']);
    expect(taken.exit).toBe(0);
    expect(fresh).toMatch(/- \{ rule: completeness, column: minutes, min: 0\.9 \}/);
    expect(fresh).toMatch(/values_not_negative, column: minutes/);
    expect(fresh).toContain('# The model calls, as guessed');
    expect(Object(again.data).added).toEqual([]);
    expect((await here(validate, [at('calls.csv')], { model: at('fresh.yml') })).exit).toBe(0);
  });

  it('exit 2 where the folder holds none', async () => {
    const { exit, data } = await here(rules, ['import', at('calls.yml')], { dir: at('parts') });
    expect(exit).toBe(2);
    expect(data).toMatchObject({ problem: { code: 'no_such_file' } });
  });
});

describe('the command line', () => {
  it('holds exit codes, JSON and usage for the commands on files', async () => {
    const run = (...args: readonly string[]) =>
      new Promise<{ exit: number | null; out: string; err: string }>((resolve) => {
        const child = execFile(
          process.execPath,
          [CLI, ...args],
          { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } },
          (_, out, err) => resolve({ exit: child.exitCode, out, err }),
        );
      });
    const [accepted, rejected, misused] = [
      await run('validate', 'calls.csv', '--model', 'calls.yml', '--json'),
      await run('profile', 'ragged.csv', '--json'),
      await run('validate', 'calls.csv', '--modle', 'calls'),
    ];
    expect(accepted.exit).toBe(0);
    expect(JSON.parse(accepted.out)).toMatchObject({ model: 'calls', accepted: true });
    expect(rejected.exit).toBe(1);
    expect(JSON.parse(rejected.out).problems[0]).toMatchObject({ line: 3 });
    expect(misused.exit).toBe(2);
    expect(misused.err).toMatch(/usage: npx millrace validate FILE/);
  });
});
