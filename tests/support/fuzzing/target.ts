/** Something that takes input from outside, and how to make such input. */
export interface FuzzTarget {
  /** A mutant: the same for the same random numbers. */
  make(random: () => number): unknown;
  /**
   * Takes one mutant, whatever `make` made.
   * @returns whether it was accepted. Refusing it is as good, in the documented way: by `refuses`.
   */
  feed(mutant: unknown): boolean | Promise<boolean>;
  /** Clears up behind the last mutant. */
  close?(): void;
}

/** Whether the input was accepted; false when it was refused by one of the documented errors. Others are findings. */
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
