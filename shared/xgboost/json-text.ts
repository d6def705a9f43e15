import { type DocumentValue, isDocumentObject } from './document.ts';
import { xgboostFloat } from './float-text.ts';

const write = (value: DocumentValue, out: string[]): void => {
  if (value instanceof Float32Array || value instanceof Float64Array) {
    out.push('[', Array.from(value, xgboostFloat).join(','), ']');
  } else if (ArrayBuffer.isView(value)) {
    out.push('[', value.join(','), ']');
  } else if (isDocumentObject(value)) {
    out.push('{');
    let separator = '';
    for (const [name, member] of Object.entries(value)) {
      out.push(separator, JSON.stringify(name), ':');
      write(member, out);
      separator = ',';
    }
    out.push('}');
  } else if (Array.isArray(value)) {
    out.push('[');
    value.forEach((item: DocumentValue, index) => {
      if (index > 0) out.push(',');
      write(item, out);
    });
    out.push(']');
  } else if (typeof value === 'number' && !Number.isInteger(value)) {
    out.push(xgboostFloat(value));
  } else {
    out.push(JSON.stringify(value));
  }
};

/** Writes a document as JSON text that XGBoost reads: reals always with an exponent, which `JSON.stringify` leaves out. */
export const encodeJsonText = (document: DocumentValue): string => {
  const out: string[] = [];
  write(document, out);
  return out.join('');
};
