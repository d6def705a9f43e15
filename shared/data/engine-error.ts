/** What the engine could not do, and whose fault it is. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /**
   * `input`: what was read is not what it claims to be. `resources`: memory or disk ran out. `internal`: a mistake of
   * ours or of the engine's.
   */
  readonly fault: 'input' | 'resources' | 'internal';

  constructor(message: string, fault: EngineError['fault'], options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** Runs what the engine does; its errors become {@link EngineError}. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(message, faultOf(message), { cause });
  }
}

/**
 * node-api hands over the text of an error and nothing else; its first words name the kind. *Assumed* to stay as they
 * are within the pinned version; tests hold the ones that matter.
 */
function faultOf(message: string): EngineError['fault'] {
  if (message.startsWith('Out of Memory Error') || /No space left|Too many open files/.test(message))
    return 'resources';
  if (
    /^(Invalid Input|IO|Conversion|Invalid|Serialization|Not implemented|Out of Range|TProtocolException|Malformed)/i.test(
      message,
    )
  )
    return 'input';
  return 'internal';
}
