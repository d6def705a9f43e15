/**
 * One line of a capture file. A window has a million of them: the members every line has are found by walking its bytes
 * once; a line with anything else in it goes through `JSON.parse`. Source of the form: SageMaker developer guide,
 * model-monitor-data-capture-endpoint.md.
 */
import * as z from 'zod';

const ENCODINGS = ['CSV', 'JSON', 'BASE64'] as const;

/** Some bytes of text. */
export interface Span {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The input or the answer of a request. */
export interface CapturedSide extends Span {
  readonly encoding: (typeof ENCODINGS)[number];
  /** Lower case and without parameters; empty where there is none. */
  readonly contentType: string;
  /** The bytes are still those of a JSON string. */
  readonly isEscaped: boolean;
}

/** What a line of a capture file says. */
export interface CapturedLine {
  readonly eventId: Span;
  readonly inferenceId: Span | null;
  /** Epoch milliseconds of the invocation. */
  readonly atMs: number;
  /** Null where it was not captured. */
  readonly input: CapturedSide | null;
  readonly output: CapturedSide | null;
}

const sideSchema = z.object({
  observedContentType: z.string().default(''),
  data: z.string(),
  encoding: z.enum(ENCODINGS),
});

const lineSchema = z.object({
  captureData: z.object({ endpointInput: sideSchema.optional(), endpointOutput: sideSchema.optional() }),
  eventMetadata: z.object({
    eventId: z.string().min(1),
    inferenceId: z.string().optional(),
    inferenceTime: z.iso.datetime({ offset: true }),
  }),
});

const spanOf = (text: string): Span => {
  const bytes = Buffer.from(text);
  return { bytes, start: 0, end: bytes.length };
};

const plainType = (contentType: string): string => (contentType.split(';')[0] ?? '').trim().toLowerCase();

const sideOf = ({ observedContentType, data, encoding }: z.infer<typeof sideSchema>): CapturedSide => ({
  ...spanOf(data),
  encoding,
  contentType: plainType(observedContentType),
  isEscaped: false,
});

/** Reads a line of any form the guide allows. */
function parseLine(bytes: Buffer, start: number, end: number): CapturedLine | string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return 'the line is not JSON';
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `the line is no captured record: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown'}`;
  }
  const { captureData, eventMetadata } = parsed.data;
  const { endpointInput, endpointOutput } = captureData;
  return {
    eventId: spanOf(eventMetadata.eventId),
    inferenceId: eventMetadata.inferenceId === undefined ? null : spanOf(eventMetadata.inferenceId),
    atMs: Date.parse(eventMetadata.inferenceTime),
    input: endpointInput ? sideOf(endpointInput) : null,
    output: endpointOutput ? sideOf(endpointOutput) : null,
  };
}

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d];
const [SPACE, ZERO, NINE, DASH, CAPITAL_T, CAPITAL_Z] = [0x20, 0x30, 0x39, 0x2d, 0x54, 0x5a];

/** Names that this reader knows, by where they stand. */
const NAMES = {
  captureData: Buffer.from('captureData'),
  eventMetadata: Buffer.from('eventMetadata'),
  eventVersion: Buffer.from('eventVersion'),
  endpointInput: Buffer.from('endpointInput'),
  endpointOutput: Buffer.from('endpointOutput'),
  observedContentType: Buffer.from('observedContentType'),
  mode: Buffer.from('mode'),
  data: Buffer.from('data'),
  encoding: Buffer.from('encoding'),
  eventId: Buffer.from('eventId'),
  inferenceId: Buffer.from('inferenceId'),
  inferenceTime: Buffer.from('inferenceTime'),
} as const;

const DAY_MS = 86_400_000;

/** Walks lines of one buffer; a new line begins with `at`. */
interface Walk {
  readonly bytes: Buffer;
  end: number;
  at: number;
  /** The string that was read last. */
  from: number;
  to: number;
  isEscaped: boolean;
  /** The day whose midnight was computed last: nearly all lines of a file are of one day. */
  day: number;
  midnightMs: number;
  /** What has been found of the side that is being read. */
  readonly side: {
    start: number;
    end: number;
    isEscaped: boolean;
    contentType: string;
    encoding: CapturedSide['encoding'] | undefined;
  };
  /** What has been found of the line. */
  input: CapturedSide | null;
  output: CapturedSide | null;
  eventId: Span | null;
  inferenceId: Span | null;
  atMs: number;
  hasData: boolean;
}

/** Reads past a byte, and spaces before it. */
function takes(walk: Walk, byte: number): boolean {
  while (walk.at < walk.end && walk.bytes[walk.at] === SPACE) walk.at += 1;
  if (walk.at >= walk.end || walk.bytes[walk.at] !== byte) return false;
  walk.at += 1;
  return true;
}

/** Reads a string; what is within stays as it is. */
function takesString(walk: Walk): boolean {
  if (!takes(walk, QUOTE)) return false;
  const { bytes, end } = walk;
  let at = walk.at;
  walk.from = at;
  walk.isEscaped = false;
  for (; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      walk.to = at;
      walk.at = at + 1;
      return true;
    }
    if (byte === BACKSLASH) {
      walk.isEscaped = true;
      at += 1;
    } else if (byte < SPACE) return false;
  }
  return false;
}

const isText = ({ bytes, from, to }: Walk, wanted: Buffer): boolean => {
  if (to - from !== wanted.length) return false;
  for (let at = 0; at < wanted.length; at += 1) if (bytes[from + at] !== wanted[at]) return false;
  return true;
};

/** Reads an object whose members `member` reads; a member it does not know, or one that comes twice, ends the walk. */
function takesObject(walk: Walk, member: (walk: Walk) => boolean): boolean {
  if (!takes(walk, OPEN)) return false;
  if (takes(walk, CLOSE)) return true;
  do {
    if (!takesString(walk) || !member(walk)) return false;
  } while (takes(walk, COMMA));
  return takes(walk, CLOSE);
}

const takesText = (walk: Walk): boolean => takes(walk, COLON) && takesString(walk);

const digitsAt = (bytes: Buffer, at: number, count: number): number => {
  let value = 0;
  for (let digit = 0; digit < count; digit += 1) {
    const byte = bytes[at + digit] ?? 0;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return value;
};

/** The time of the form SageMaker writes, `2001-01-25T10:15:00Z`; NaN for any other. */
function secondIn(walk: Walk): number {
  const { bytes, from, to } = walk;
  if (to - from !== 20 || bytes[from + 10] !== CAPITAL_T || bytes[from + 19] !== CAPITAL_Z) return Number.NaN;
  if (bytes[from + 4] !== DASH || bytes[from + 7] !== DASH) return Number.NaN;
  if (bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return Number.NaN;
  const [year, month, date] = [digitsAt(bytes, from, 4), digitsAt(bytes, from + 5, 2), digitsAt(bytes, from + 8, 2)];
  const day = year * 10_000 + month * 100 + date;
  if (day !== walk.day) {
    walk.midnightMs = Date.parse(`${bytes.toString('latin1', from, from + 10)}T00:00:00Z`);
    walk.day = day;
  }
  const [hour, minute, second] = [
    digitsAt(bytes, from + 11, 2),
    digitsAt(bytes, from + 14, 2),
    digitsAt(bytes, from + 17, 2),
  ];
  const ms = ((hour * 60 + minute) * 60 + second) * 1000;
  return hour < 24 && minute < 60 && second < 60 && ms < DAY_MS ? walk.midnightMs + ms : Number.NaN;
}

/** Types that are seen again and again are made into text once. */
const CONTENT_TYPES: readonly (readonly [Buffer, string])[] = [
  'text/csv',
  'text/csv; charset=utf-8',
  'application/json',
  'application/jsonlines',
].map((type) => [Buffer.from(type), plainType(type)] as const);

const contentTypeIn = (walk: Walk): string =>
  CONTENT_TYPES.find(([type]) => isText(walk, type))?.[1] ?? plainType(walk.bytes.toString('utf8', walk.from, walk.to));

const ENCODING_NAMES = ENCODINGS.map((name) => [Buffer.from(name), name] as const);

function takesSideMember(walk: Walk): boolean {
  const { side } = walk;
  if (isText(walk, NAMES.data)) {
    if (side.start >= 0 || !takesText(walk)) return false;
    side.start = walk.from;
    side.end = walk.to;
    side.isEscaped = walk.isEscaped;
    return true;
  }
  if (isText(walk, NAMES.encoding)) {
    if (side.encoding !== undefined || !takesText(walk)) return false;
    side.encoding = ENCODING_NAMES.find(([name]) => isText(walk, name))?.[1];
    return side.encoding !== undefined;
  }
  if (isText(walk, NAMES.observedContentType)) {
    if (!takesText(walk) || walk.isEscaped) return false;
    side.contentType = contentTypeIn(walk);
    return true;
  }
  return isText(walk, NAMES.mode) && takesText(walk);
}

function takesSide(walk: Walk): CapturedSide | undefined {
  const { side, bytes } = walk;
  side.start = -1;
  side.encoding = undefined;
  side.contentType = '';
  if (!takes(walk, COLON) || !takesObject(walk, takesSideMember)) return undefined;
  const { start, end, isEscaped, contentType, encoding } = side;
  if (start < 0 || encoding === undefined) return undefined;
  return { bytes, start, end, isEscaped, contentType, encoding };
}

function takesCaptured(walk: Walk): boolean {
  const isInput = isText(walk, NAMES.endpointInput);
  if (!isInput && !isText(walk, NAMES.endpointOutput)) return false;
  const side = takesSide(walk);
  if (side === undefined || (isInput ? walk.input : walk.output) !== null) return false;
  if (isInput) walk.input = side;
  else walk.output = side;
  return true;
}

function takesMetadata(walk: Walk): boolean {
  const isEvent = isText(walk, NAMES.eventId);
  if (isEvent || isText(walk, NAMES.inferenceId)) {
    if (!takesText(walk) || walk.isEscaped || (isEvent ? walk.eventId : walk.inferenceId) !== null) return false;
    const span = { bytes: walk.bytes, start: walk.from, end: walk.to };
    if (isEvent) walk.eventId = span;
    else walk.inferenceId = span;
    return true;
  }
  if (!isText(walk, NAMES.inferenceTime) || !takesText(walk) || !Number.isNaN(walk.atMs)) return false;
  walk.atMs = secondIn(walk);
  return !Number.isNaN(walk.atMs);
}

function takesMember(walk: Walk): boolean {
  if (isText(walk, NAMES.captureData)) {
    if (walk.hasData || !takes(walk, COLON)) return false;
    walk.hasData = true;
    return takesObject(walk, takesCaptured);
  }
  if (isText(walk, NAMES.eventMetadata)) return takes(walk, COLON) && takesObject(walk, takesMetadata);
  return isText(walk, NAMES.eventVersion) && takesText(walk);
}

function walkLine(walk: Walk): CapturedLine | undefined {
  walk.input = null;
  walk.output = null;
  walk.eventId = null;
  walk.inferenceId = null;
  walk.atMs = Number.NaN;
  walk.hasData = false;
  if (!takesObject(walk, takesMember)) return undefined;
  while (walk.at < walk.end && walk.bytes[walk.at] === SPACE) walk.at += 1;
  const { eventId, inferenceId, atMs, input, output, hasData } = walk;
  if (!hasData || eventId === null || Number.isNaN(atMs) || walk.at !== walk.end) return undefined;
  return { eventId, inferenceId, atMs, input, output };
}

/**
 * A reader of lines that lie in one buffer.
 * @returns What the line says, or what is wrong with it.
 */
export const lineReader = (bytes: Buffer): ((start: number, end: number) => CapturedLine | string) => {
  const walk: Walk = {
    bytes,
    end: 0,
    at: 0,
    from: 0,
    to: 0,
    isEscaped: false,
    day: Number.NaN,
    midnightMs: Number.NaN,
    side: { start: -1, end: -1, isEscaped: false, contentType: '', encoding: undefined },
    input: null,
    output: null,
    eventId: null,
    inferenceId: null,
    atMs: Number.NaN,
    hasData: false,
  };
  return (start, end) => {
    walk.at = start;
    walk.end = end;
    return walkLine(walk) ?? parseLine(bytes, start, end);
  };
};

const ESCAPES: Readonly<Record<number, number>> = { 110: 0x0a, 114: 0x0d, 116: 0x09, 34: 0x22, 92: 0x5c, 47: 0x2f };

/** The text of a JSON string with escapes beside the short ones; undefined where one of them is none. */
function longEscapes({ bytes, start, end }: Span): Span | undefined {
  try {
    return spanOf(String(JSON.parse(`"${bytes.toString('utf8', start, end)}"`)));
  } catch {
    return undefined;
  }
}

/**
 * The bytes that a JSON string stands for, in a buffer that the next call overwrites; undefined where it is no JSON
 * string.
 */
export const unescaper = (): ((span: Span) => Span | undefined) => {
  let scratch = Buffer.allocUnsafe(64 * 1024);
  return ({ bytes, start, end }) => {
    if (scratch.length < end - start) scratch = Buffer.allocUnsafe((end - start) * 2);
    let to = 0;
    for (let at = start; at < end; at += 1) {
      let byte = bytes[at] ?? 0;
      if (byte === BACKSLASH) {
        at += 1;
        const meant = ESCAPES[bytes[at] ?? 0];
        if (meant === undefined) return longEscapes({ bytes, start, end });
        byte = meant;
      }
      scratch[to] = byte;
      to += 1;
    }
    return { bytes: scratch, start: 0, end: to };
  };
};
