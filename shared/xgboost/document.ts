/**
 * What XGBoost's two formats have in common: a tree of named values, in which long number arrays are typed. UBJSON says
 * the type of each array in the file; in JSON it follows from how the numbers are written.
 */
type TypedArray = Float32Array | Float64Array | Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array;

export type DocumentValue =
  | null
  | boolean
  | number
  | string
  | TypedArray
  | readonly DocumentValue[]
  | { readonly [name: string]: DocumentValue };

export type DocumentObject = { readonly [name: string]: DocumentValue };

/** True for an object with names, not an array of either kind. */
export const isDocumentObject = (value: DocumentValue | undefined): value is DocumentObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
