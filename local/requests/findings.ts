/** What is wrong with a request, before a service words it. */

/** One constraint that a value breaks. */
export interface Violation {
  /** Members as messages call them: `tags.1.member.key`. */
  readonly path: string;
  /** Members as the model calls them: `Tags.1.Key`. */
  readonly modelPath: string;
  /** As Java shows it; undefined for a member that is missing. */
  readonly value: string | undefined;
  /** Sensitive values are not shown. */
  readonly sensitive: boolean;
  /** What it breaks. */
  readonly kind: 'required' | 'pattern' | 'min' | 'max' | 'enum' | 'union';
  /** `Member must not be null` */
  readonly constraint: string;
  /** Set where a list or a map breaks it: by its size, or by an item: then the first one in a list, the key of the first one in a map. */
  readonly collection?: { readonly item?: string };
}

/** A value of another type than its member's. */
export interface TypeMismatch {
  readonly modelPath: string;
  /** AWS's words, which do not say where. */
  readonly message: string;
}

/** Everything found in one request. */
export interface Findings {
  readonly mismatch?: TypeMismatch;
  /** Members the model has none of, by the model's path. */
  readonly unknown: readonly string[];
  /** In the model's order. */
  readonly violations: readonly Violation[];
}
