/** The world of a folder of parts: read by one function, or by one a part. */

import type { MillraceEvent } from '../../../events/define-event.ts';
import { PartRequestedV1, PartsReadV1 } from '../../../events/index.ts';
import { type RequestedPart, readPart } from '../../../functions/read-part/read-part.ts';
import { takeParts, validateData } from '../../../functions/validate-data/validate-data.ts';
import type { Tell } from '../../../shared/aws/event-publisher.ts';
import { type Engine, openEngine } from '../../../shared/data/engine.ts';
import type { ReadLimits } from '../../../shared/data/read-limits.ts';
import { DEFINITION, dataWorld, LIMITS, MODEL, woken as wokenAt } from './data-world.ts';

/** One engine for all: opening one takes longer than reading a small part. */
let opened: Promise<Engine> | undefined;

const sharedEngine = async (directory: string): Promise<Engine> => {
  opened ??= openEngine({ memoryLimitMb: 256, tempDirectory: directory });
  const engine = await opened;
  return {
    table: (sql) => engine.table(sql),
    hold: (columns, rows) => engine.hold(columns, rows),
    cells: (table, columns) => engine.cells(table, columns),
    query: (sql) => engine.query(sql),
    describe: (sql) => engine.describe(sql),
    columns: (sql, batchSize) => engine.columns(sql, batchSize),
    vectors: (sql) => engine.vectors(sql),
    fill: (sql, columns, flags) => engine.fill(sql, columns, flags),
    copyToParquet: (sql, path) => engine.copyToParquet(sql, path),
    parquetWriter: (columns, path) => engine.parquetWriter(columns, path),
    close: () => undefined,
  };
};

type Parts = Readonly<Record<string, string | Uint8Array>>;
type Outcome = Awaited<ReturnType<ReturnType<typeof validateData>>>;

export interface PartsWorldOptions {
  readonly yaml?: string;
  readonly limits?: Partial<ReadLimits>;
  /** How long each function that is woken has. */
  readonly remainingMs?: () => number;
}

/** A world whose queue and bus hold what was sent until a test delivers it. */
export async function partsWorld(options: PartsWorldOptions = {}) {
  const { yaml = DEFINITION, limits = {}, remainingMs } = options;
  const base = dataWorld();
  const published = await base.publish(yaml);
  /** Messages for `read-part`. */
  const asked: RequestedPart[] = [];
  /** Events that all parts have been read. */
  const said: { model: string; reading: string }[] = [];
  const tell: Tell = async <T>(contract: MillraceEvent<T>, about: string, detail: T, context: Parameters<Tell>[3]) => {
    if (contract.detailType === PartRequestedV1.detailType) asked.push(PartRequestedV1.data.parse(detail));
    else if (contract.detailType === PartsReadV1.detailType) said.push(PartsReadV1.data.parse(detail));
    else await base.tell(contract, about, detail, context);
  };
  const deps = { ...base, tell, limits: { ...LIMITS, sideBySideBytes: 0, ...limits }, openEngine: sharedEngine };
  const apart = { ...deps, askForPart: tell };
  const woken = <T>(data: T, now?: Date) => ({ ...wokenAt(data, now), ...(remainingMs && { remainingMs }) });
  const read = readPart(deps);
  const take = takeParts(apart);

  const uploadFolder = async (folder: string, parts: Parts) => {
    for (const [name, body] of Object.entries(parts)) await base.upload(`incoming/${MODEL}/${folder}/${name}`, body);
    return base.upload(`incoming/${MODEL}/${folder}/_SUCCESS`, '');
  };

  /** Delivers what waits until nothing does; what the last look came to. */
  const deliver = async (next: (waiting: number) => number = () => 0): Promise<Outcome | undefined> => {
    let outcome: Outcome | undefined;
    while (asked.length > 0 || said.length > 0) {
      const [message] = asked.splice(next(asked.length), 1);
      if (message !== undefined) await read(woken(message));
      const event = said.shift();
      if (event !== undefined) outcome = await take(woken(event));
    }
    return outcome;
  };

  return {
    ...base,
    deliver,
    published,
    asked,
    said,
    uploadFolder,
    readPart: (part: RequestedPart, now?: Date) => read(woken(part, now)),
    takeParts: (about: { model: string; reading: string }, now?: Date) => take(woken(about, now)),
    wake: async (event: Awaited<ReturnType<typeof uploadFolder>>, now?: Date) => validateData(apart)(woken(event, now)),
    /** One function reads all parts. */
    async oneByOne(parts: Parts, folder = 'week'): Promise<Outcome> {
      return validateData(deps)(woken(await uploadFolder(folder, parts)));
    },
    /** One function a part; `next` says which of the messages that wait is delivered next. */
    async sideBySide(parts: Parts, next?: (waiting: number) => number, folder = 'week'): Promise<Outcome> {
      const outcome = await validateData(apart)(woken(await uploadFolder(folder, parts)));
      return (await deliver(next)) ?? outcome;
    },
    /** What is kept of datasets: facts, verdicts, reports, typed copies. */
    async kept(): Promise<Record<string, string>> {
      const all = Object.entries(await base.contents());
      return Object.fromEntries(all.filter(([key]) => key.startsWith('datasets/')));
    },
  };
}

export type PartsWorld = Awaited<ReturnType<typeof partsWorld>>;
