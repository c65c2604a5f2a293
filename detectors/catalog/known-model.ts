/** A model that Sabrewing knows by name: where it comes from, how to recognise it, and on which terms it may be used. */
export interface KnownModel {
  readonly name: string;
  /** File name of the weights. */
  readonly file: string;
  /** The publisher's own address of exactly this file. */
  readonly url: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly licence: {
    /** SPDX identifier. */
    readonly id: string;
    readonly holder: string;
    readonly url: string;
    /** What the terms ask of whoever uses the model, one sentence. */
    readonly terms: string;
  };
  readonly labels: readonly string[];
  /** As its publisher states it. */
  readonly accuracy: {
    readonly dataset: string;
    /** Mean average precision at IoU 0.50:0.95 and at 0.50, percent. */
    readonly map: number;
    readonly map50: number;
    /** Sides of the square picture it was measured with, pixels. */
    readonly size: number;
  };
}
