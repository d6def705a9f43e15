/** How a person asks a served model from a shell: one line that works while the local cloud runs. */
import { clientSettings } from './stack.ts';

/** Text as one word of a shell. */
const word = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The line that posts a record to a function URL, signed by curl itself (`--aws-sigv4`, since curl 7.75). */
export function callLine(url: string, region: string, record: Readonly<Record<string, unknown>>): string {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = clientSettings(url, region);
  return [
    'curl -s',
    `--aws-sigv4 aws:amz:${region}:lambda --user ${id}:${secret}`,
    "-H 'content-type: application/json'",
    `-d ${word(JSON.stringify(record))}`,
    word(url),
  ].join(' ');
}
