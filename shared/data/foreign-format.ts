/** Files that are no table of text, known by their first bytes: their senders are told what they sent. */

/** What a file is, and whether another format of the same rows would do. */
export interface ForeignFormat {
  /** `format_unsupported`: rows may be in it, and have to be delivered otherwise. `not_a_table`: it is something else. */
  readonly code: 'format_unsupported' | 'not_a_table';
  readonly message: string;
}

/** How many bytes of a file have to be seen: a tar archive names itself at byte 257. */
export const FOREIGN_HEAD_BYTES = 512;

type Magic = readonly [magic: string, what: string, offset?: number];

/** Compressed, or a table of another kind. The magic numbers are those of file(1), https://github.com/file/file. */
const UNSUPPORTED: readonly Magic[] = [
  ['BZh91AY', 'compressed by bzip2'],
  ['\xfd7zXZ\0', 'compressed by xz'],
  ['\x04\x22\x4d\x18', 'compressed by LZ4'],
  ['\xff\x06\0\0sNaPpY', 'compressed by Snappy'],
  ['ARROW1\0', 'Arrow'],
  ['FEA1\0', 'Feather'],
  ['Obj\x01', 'Avro'],
];
/** ORC and encrypted Parquet begin with letters alone, as a column's name may: what follows must be no text. */
const UNPRINTED: readonly (readonly [magic: RegExp, what: string])[] = [
  [/^ORC\s*[^\s\x20-\x7e\x80-\xff]/, 'ORC'],
  [/^PARE\s*[^\s\x20-\x7e\x80-\xff]/, 'encrypted Parquet'],
];

const OTHER: readonly Magic[] = [
  ['PAR1\x15', 'Parquet within a compressed file; Parquet is compressed by itself'],
  ['\x1f\x8b', 'gzip, within another compressed file'],
  ['PK\x03\x04', 'a ZIP archive (an Excel workbook is one)'],
  ['PK\x05\x06', 'an empty ZIP archive'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Excel workbook'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  ['Rar!\x1a\x07', 'a RAR archive'],
  ['ustar', 'a tar archive', 257],
  ['%PDF-', 'a PDF'],
  ['\x89PNG\r\n', 'a picture (PNG)'],
  ['\xff\xd8\xff', 'a picture (JPEG)'],
  ['SQLite format 3\0', 'a SQLite database'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89HDF\r\n', 'HDF5'],
  ['\x7fELF', 'a program'],
  ['{\\rtf', 'a text document (RTF)'],
  ['version https://git-lfs', 'a pointer of Git LFS: the file itself was not fetched'],
];

/** A pickle of protocol 2 to 5 begins with PROTO and a frame, a global or a tuple. */
const PICKLE = /^\x80\p{Cc}(?:\x95|[c(}\]])/u;
const MARKUP = /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml|error|table|svg)\b/i;
const ARFF = /^(?:\s*%[^\n]*\n)*\s*@relation\b/i;
const JSON_DOCUMENT = /^(?:\xef\xbb\xbf)?\s*\[\s*(?:[{[\]]|$)/;

/** What a file that is no text table is, by its first {@link FOREIGN_HEAD_BYTES} bytes; undefined where nothing is known. */
export function foreignFormat(bytes: Buffer): ForeignFormat | undefined {
  const head = bytes.toString('latin1', 0, FOREIGN_HEAD_BYTES);
  const matching = (magics: readonly Magic[]): string | undefined =>
    magics.find(([magic, , offset = 0]) => head.startsWith(magic, offset))?.[1];
  const unsupported = matching(UNSUPPORTED) ?? UNPRINTED.find(([magic]) => magic.test(head))?.[1];
  if (unsupported !== undefined) {
    return {
      code: 'format_unsupported',
      message: `the file is ${unsupported}; deliver CSV or JSON Lines (plain, gzip or zstd), or Parquet`,
    };
  }
  const other = matching(OTHER) ?? textFormat(head);
  return other === undefined
    ? undefined
    : { code: 'not_a_table', message: `the file is ${other}, not a table of text` };
}

function textFormat(head: string): string | undefined {
  if (PICKLE.test(head)) return 'a pickle of Python';
  const markup = MARKUP.exec(head)?.[0].toLowerCase();
  if (markup !== undefined) {
    const isXml = /xml$|error$/.test(markup);
    return isXml
      ? 'XML (if S3 wrote it, it says why the download failed)'
      : 'HTML: a web page, perhaps one that asks to sign in';
  }
  if (ARFF.test(head)) return 'ARFF';
  if (JSON_DOCUMENT.test(head))
    return 'one JSON document; JSON Lines have one record on each line, and no list around them';
  return undefined;
}
