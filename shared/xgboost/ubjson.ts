import { type DocumentValue, isDocumentObject } from './document.ts';
import { UnsupportedModelError } from './unsupported-model-error.ts';

/**
 * Universal Binary JSON as XGBoost writes it: big-endian, arrays of numbers typed and counted (`[$d#`), other arrays
 * counted (`[#`), objects open-ended, every length an int64. Reading takes the rest of the specification too, except
 * high-precision numbers.
 *
 * Sources: https://ubjson.org ; XGBoost, "Introduction to Model IO", section on UBJSON.
 */

const text = new TextDecoder('utf-8', { fatal: true });

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  document(): DocumentValue {
    const value = this.#value(this.#marker(), 0);
    if (this.#at !== this.#bytes.length) throw this.#broken('has bytes after its end');
    return value;
  }

  #broken(what: string): UnsupportedModelError {
    return new UnsupportedModelError(`the UBJSON model ${what} (byte ${this.#at})`);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw this.#broken('is cut short');
    this.#at += count;
    return at;
  }

  #marker(): string {
    return String.fromCharCode(this.#view.getUint8(this.#take(1)));
  }

  #peek(): string | undefined {
    const byte = this.#bytes[this.#at];
    return byte === undefined ? undefined : String.fromCharCode(byte);
  }

  #integer(marker: string): number {
    switch (marker) {
      case 'i':
        return this.#view.getInt8(this.#take(1));
      case 'U':
        return this.#view.getUint8(this.#take(1));
      case 'I':
        return this.#view.getInt16(this.#take(2));
      case 'l':
        return this.#view.getInt32(this.#take(4));
      case 'L': {
        const value = Number(this.#view.getBigInt64(this.#take(8)));
        if (!Number.isSafeInteger(value)) throw this.#broken('has an integer beyond 2^53');
        return value;
      }
      default:
        throw this.#broken(`has type ${JSON.stringify(marker)} where an integer belongs`);
    }
  }

  #length(): number {
    const length = this.#integer(this.#marker());
    // An element takes at least one byte, save in arrays of null, true or false, which XGBoost never types.
    if (length < 0 || length > this.#bytes.length) throw this.#broken(`has a length of ${length}`);
    return length;
  }

  #string(): string {
    const length = this.#length();
    const at = this.#take(length);
    try {
      return text.decode(this.#bytes.subarray(at, at + length));
    } catch (cause) {
      throw new UnsupportedModelError(`the UBJSON model has text that is not UTF-8 (byte ${at})`, { cause });
    }
  }

  #value(marker: string, depth: number): DocumentValue {
    // The deepest value of a real model lies eight levels down; a hostile file must not exhaust the stack.
    if (depth > 64) throw this.#broken('is nested too deeply');
    switch (marker) {
      case 'Z':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case 'd':
        return this.#view.getFloat32(this.#take(4));
      case 'D':
        return this.#view.getFloat64(this.#take(8));
      case 'C':
        return this.#marker();
      case 'S':
        return this.#string();
      case '[':
        return this.#array(depth);
      case '{':
        return this.#object(depth);
      case 'i':
      case 'U':
      case 'I':
      case 'l':
      case 'L':
        return this.#integer(marker);
      default:
        throw this.#broken(`has type ${JSON.stringify(marker)}, which is not read here`);
    }
  }

  /** Reads the `$type` and `#count` that may stand at the start of an array or object. */
  #header(): { type?: string; count?: number } {
    const header: { type?: string; count?: number } = {};
    if (this.#peek() === '$') {
      this.#marker();
      header.type = this.#marker();
      if (this.#peek() !== '#') throw this.#broken('has a typed array without a count');
    }
    if (this.#peek() === '#') {
      this.#marker();
      header.count = this.#length();
    }
    return header;
  }

  #array(depth: number): DocumentValue {
    const { type, count } = this.#header();
    if (type !== undefined && count !== undefined) {
      const typed = this.#typed(type, count);
      if (typed) return typed;
    }
    const items: DocumentValue[] = [];
    if (count === undefined) {
      while (this.#peek() !== ']') items.push(this.#value(this.#marker(), depth + 1));
      this.#marker();
    } else {
      for (let index = 0; index < count; index++) items.push(this.#value(type ?? this.#marker(), depth + 1));
    }
    return items;
  }

  #typed(type: string, count: number): DocumentValue | undefined {
    const view = this.#view;
    const fill = <T extends { [index: number]: number | bigint }>(
      array: T,
      bytes: number,
      get: (at: number) => T[number],
    ) => {
      const start = this.#take(count * bytes);
      for (let index = 0; index < count; index++) array[index] = get(start + index * bytes);
      return array;
    };
    switch (type) {
      case 'd':
        return fill(new Float32Array(count), 4, (at) => view.getFloat32(at));
      case 'D':
        return fill(new Float64Array(count), 8, (at) => view.getFloat64(at));
      case 'U':
        return fill(new Uint8Array(count), 1, (at) => view.getUint8(at));
      case 'i':
        return fill(new Int8Array(count), 1, (at) => view.getInt8(at));
      case 'I':
        return fill(new Int16Array(count), 2, (at) => view.getInt16(at));
      case 'l':
        return fill(new Int32Array(count), 4, (at) => view.getInt32(at));
      case 'L':
        return fill(new BigInt64Array(count), 8, (at) => view.getBigInt64(at));
      default:
        return undefined;
    }
  }

  #object(depth: number): DocumentValue {
    const { type, count } = this.#header();
    // A map, because a member named __proto__ would not become one of a plain object.
    const members = new Map<string, DocumentValue>();
    const member = () => {
      const name = this.#string();
      members.set(name, this.#value(type ?? this.#marker(), depth + 1));
    };
    if (count === undefined) {
      while (this.#peek() !== '}') member();
      this.#marker();
    } else {
      for (let index = 0; index < count; index++) member();
    }
    return Object.fromEntries(members);
  }
}

/**
 * Reads a UBJSON document.
 *
 * @throws UnsupportedModelError if the bytes are cut short, have bytes after their end, or use a type not read here.
 */
export const decodeUbjson = (bytes: Uint8Array): DocumentValue => new Reader(bytes).document();

class Writer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  result(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + count));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length += count;
    return at;
  }

  #mark(marker: string): void {
    const at = this.#reserve(marker.length);
    for (let index = 0; index < marker.length; index++) this.#view.setUint8(at + index, marker.charCodeAt(index));
  }

  #int64(value: number): void {
    this.#mark('L');
    const at = this.#reserve(8);
    this.#view.setBigInt64(at, BigInt(value));
  }

  #string(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    this.#int64(encoded.length);
    const at = this.#reserve(encoded.length);
    this.#bytes.set(encoded, at);
  }

  #number(value: number): void {
    if (!Number.isInteger(value)) {
      this.#mark('d');
      const at = this.#reserve(4);
      this.#view.setFloat32(at, value);
    } else if (value >= -128 && value <= 127) {
      this.#mark('i');
      const at = this.#reserve(1);
      this.#view.setInt8(at, value);
    } else if (value >= -32768 && value <= 32767) {
      this.#mark('I');
      const at = this.#reserve(2);
      this.#view.setInt16(at, value);
    } else if (value >= -2147483648 && value <= 2147483647) {
      this.#mark('l');
      const at = this.#reserve(4);
      this.#view.setInt32(at, value);
    } else {
      this.#int64(value);
    }
  }

  #typed(marker: string, count: number, bytes: number, set: (view: DataView, at: number, index: number) => void): void {
    this.#mark(`[$${marker}#`);
    this.#int64(count);
    const start = this.#reserve(count * bytes);
    for (let index = 0; index < count; index++) set(this.#view, start + index * bytes, index);
  }

  value(value: DocumentValue): void {
    if (value === null) this.#mark('Z');
    else if (typeof value === 'boolean') this.#mark(value ? 'T' : 'F');
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') {
      this.#mark('S');
      this.#string(value);
    } else if (value instanceof Float32Array) {
      this.#typed('d', value.length, 4, (view, at, index) => view.setFloat32(at, value[index]!));
    } else if (value instanceof Float64Array) {
      this.#typed('D', value.length, 8, (view, at, index) => view.setFloat64(at, value[index]!));
    } else if (value instanceof Uint8Array) {
      this.#typed('U', value.length, 1, (view, at, index) => view.setUint8(at, value[index]!));
    } else if (value instanceof Int8Array) {
      this.#typed('i', value.length, 1, (view, at, index) => view.setInt8(at, value[index]!));
    } else if (value instanceof Int16Array) {
      this.#typed('I', value.length, 2, (view, at, index) => view.setInt16(at, value[index]!));
    } else if (value instanceof Int32Array) {
      this.#typed('l', value.length, 4, (view, at, index) => view.setInt32(at, value[index]!));
    } else if (value instanceof BigInt64Array) {
      this.#typed('L', value.length, 8, (view, at, index) => view.setBigInt64(at, value[index]!));
    } else if (isDocumentObject(value)) {
      this.#mark('{');
      for (const [name, member] of Object.entries(value)) {
        this.#string(name);
        this.value(member);
      }
      this.#mark('}');
    } else {
      this.#mark('[#');
      this.#int64(value.length);
      for (const item of value) this.value(item);
    }
  }
}

/** Writes a document the way XGBoost writes it. A number that stands alone is written as the smallest integer type. */
export const encodeUbjson = (document: DocumentValue): Uint8Array => {
  const writer = new Writer();
  writer.value(document);
  return writer.result();
};
