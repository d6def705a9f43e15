/** JSON Lines that are not one flat record a line. */
import { accepted, goodRows, type HostileFile, rejected } from '../hostile-file.ts';

const records = () =>
  goodRows().map(({ id, amount, place, late }) => ({
    id: Number(id),
    amount: Number(amount),
    place,
    late: Number(late),
  }));
const lines = (replaced: Readonly<Record<number, string>> = {}): string =>
  `${records()
    .map((record, i) => replaced[i + 1] ?? JSON.stringify(record))
    .join('\n')}\n`;
const broken = (name: string, text: string, says?: string): HostileFile => ({
  name: `a line of JSON that is ${name}`,
  file: 'orders.jsonl',
  bytes: () => lines({ 9: text }),
  expected: rejected({ code: 'json_invalid', line: 9 }, says),
});

export const jsonLines: readonly HostileFile[] = [
  {
    name: 'JSON Lines',
    file: 'orders.jsonl',
    bytes: () => lines(),
    expected: accepted({ amount: 'number', late: 'integer' }),
  },
  broken('cut short', '{"id": 9, "amount":'),
  broken('a list', '[9, 1.5, "LAS", 0]'),
  broken('a number', '9'),
  broken('Python', "{'id': 9, 'late': None}"),
  broken('followed by a comma', '{"id": 9, "amount": 1.5, "place": "LAS", "late": 0},'),
  broken('keyed as the engine names its rows', '{"id": 9, "file_row_number": 1}', 'rename it'),
  broken('keyed by a name that clears the screen', '{"id": 9, "pla\\u001b[2Jce": 1}', 'U+001B'),
  broken('keyed by a name with a blank nobody sees', '{"id": 9, "pla\\u200bce": 1}', 'U+200B'),
  broken('keyed by a name of 300 characters', `{"id": 9, "${'p'.repeat(300)}": 1}`, '255'),
  broken('keyed by names that look alike', '{"id": 9, "caf\\u00e9": 1, "cafe\\u0301": 1}', 'two keys'),
  broken('two records', '{"id": 9, "late": 0}{"id": 10, "late": 1}'),
  {
    name: 'JSON Lines with a record in a record',
    file: 'orders.jsonl',
    bytes: () => lines({ 9: '{"id":9,"amount":{"eur":1},"place":"LAS","late":0}' }),
    expected: rejected({ code: 'json_nested', line: 9, column: 'amount' }),
  },
  {
    name: 'JSON Lines with a list in a record',
    file: 'orders.jsonl',
    bytes: () => lines({ 9: '{"id":9,"amount":[1],"place":"LAS","late":0}' }),
    expected: rejected({ code: 'json_nested', line: 9, column: 'amount' }),
  },
  {
    name: 'JSON Lines that lack a key',
    file: 'orders.jsonl',
    bytes: () => lines({ 9: '{"id":9,"place":"LAS","late":0}' }),
    expected: accepted(),
  },
  {
    name: 'JSON Lines that lack the label',
    file: 'orders.jsonl',
    bytes: () => lines({ 9: '{"id":9,"place":"LAS"}' }),
    expected: rejected({ code: 'label_missing', line: 9, column: 'late' }),
  },
  {
    name: 'JSON Lines with 1e400',
    file: 'orders.jsonl',
    bytes: () => lines({ 9: '{"id":9,"amount":1e400,"place":"LAS","late":0}' }),
    expected: rejected({ code: 'cell_not_parsed', line: 9, column: 'amount' }),
  },
];
