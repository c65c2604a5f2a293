/** Code that takes external input, and a generator of input. */
export interface FuzzTarget {
  /** Makes a mutant; equal random numbers give equal mutants. */
  make(random: () => number): unknown;
  /**
   * Feeds one mutant of `make`.
   * @returns true when it was accepted, false when it was refused with a documented error
   * @throws any other error: a finding
   */
  feed(mutant: unknown): boolean | Promise<boolean>;
  /** Removes files and folders at the end. */
  close?(): void;
}

/** True when the input was accepted, false when it was refused with a documented error. Other errors are findings. */
export async function acceptedUnless(
  documented: (error: unknown) => boolean,
  feed: () => unknown,
): Promise<boolean> {
  try {
    await feed();
    return true;
  } catch (error) {
    if (documented(error)) return false;
    throw error;
  }
}
