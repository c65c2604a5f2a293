/** Strings as bytes, for insertion into mutants. */
export function wordsOf(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}
