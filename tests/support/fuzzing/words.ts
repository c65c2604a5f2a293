/** Texts as bytes, to be put into mutants. */
export function wordsOf(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}
