/** One file that a model consists of. */
export interface PinnedFile {
  /** Below the folder that models are kept in, with `/` between the names. */
  readonly path: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The publisher serves the model's one file at an address of its own. */
export interface AddressSource {
  readonly kind: "address";
  readonly url: string;
}

/** The model's files lie in an npm package, among others. */
export interface NpmSource {
  readonly kind: "npm";
  readonly package: string;
  /** Exactly this one. */
  readonly version: string;
  /** Of the package's tarball, as the registry states it: `sha512-…`, base64. */
  readonly integrity: string;
  /** Size of the tarball. */
  readonly bytes: number;
  /** Which file of the tarball is which file of the model: the name in the tarball → `PinnedFile.path`. */
  readonly members: Readonly<Record<string, string>>;
}

/** What a model's publisher says it finds. */
export interface PublishedAccuracy {
  readonly dataset: string;
  /** Mean average precision at IoU 0.50:0.95 and at 0.50, percent. */
  readonly map: number;
  readonly map50: number;
  /** Sides of the square picture it was measured with, pixels. */
  readonly size: number;
  /** Whose figure it is and of what, where it is not simply the publisher's for these very weights. */
  readonly note?: string;
}

/** A model that Sabrewing knows by name: where it comes from, how to recognise it, and on which terms it may be used. */
export interface KnownModel {
  readonly name: string;
  /** Its weights. The first file is the one to compile; the others lie beside it. */
  readonly files: readonly [PinnedFile, ...PinnedFile[]];
  readonly source: AddressSource | NpmSource;
  readonly licence: {
    /** SPDX identifier. */
    readonly id: string;
    readonly holder: string;
    readonly url: string;
    /** What the terms ask of whoever uses the model, one sentence. */
    readonly terms: string;
    /** The licence's text, kept with the weights where it comes with them. */
    readonly file?: PinnedFile;
  };
  /** Pixels of the picture it was trained with, and takes when nothing else is asked for. */
  readonly input: { readonly width: number; readonly height: number };
  readonly labels: readonly string[];
  /** `min_score` and `threshold` that suit its scores, where the configuration's defaults would miss most objects. */
  readonly filters?: { readonly minScore: number; readonly threshold: number };
  /** Absent where nobody has published a figure. */
  readonly accuracy?: PublishedAccuracy;
}

/** Bytes that getting the model transfers. */
export function downloadBytes(model: KnownModel): number {
  return model.source.kind === "npm" ? model.source.bytes : model.files[0].bytes;
}

/** Where the model comes from, a few words. */
export function describeSource(source: KnownModel["source"]): string {
  return source.kind === "npm" ? `npm ${source.package} ${source.version}` : source.url;
}
