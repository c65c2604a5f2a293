/** One file of a model. */
export interface PinnedFile {
  /** Relative to the folder of models, with `/` as separator. */
  readonly path: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The model is a single file, which the publisher serves at this URL. */
export interface AddressSource {
  readonly kind: "address";
  readonly url: string;
}

/** The model's files are in an npm package, among others. */
export interface NpmSource {
  readonly kind: "npm";
  readonly package: string;
  /** The exact version. */
  readonly version: string;
  /** Integrity of the package's tarball, as the registry states it: `sha512-…`, base64. */
  readonly integrity: string;
  /** Size of the tarball. */
  readonly bytes: number;
  /** The model's files in the tarball: name in the tarball → `PinnedFile.path`. */
  readonly members: Readonly<Record<string, string>>;
}

/** The accuracy that a model's publisher states. */
export interface PublishedAccuracy {
  readonly dataset: string;
  /** Mean average precision at IoU 0.50:0.95 and at 0.50, percent. */
  readonly map: number;
  readonly map50: number;
  /** Side of the square input of the measurement, pixels. */
  readonly size: number;
  /** The figure's origin, where it is not the publisher's for exactly these weights. */
  readonly note?: string;
}

/** A model that Sabrewing knows by name: its source, how to recognise it, and its licence terms. */
export interface KnownModel {
  readonly name: string;
  /** Its weights. The first file is the file to compile; the others are beside it. */
  readonly files: readonly [PinnedFile, ...PinnedFile[]];
  readonly source: AddressSource | NpmSource;
  readonly licence: {
    /** SPDX identifier. */
    readonly id: string;
    readonly holder: string;
    readonly url: string;
    /** What the terms require of users of the model, one sentence. */
    readonly terms: string;
    /** The licence text, stored with the weights where the source includes it. */
    readonly file?: PinnedFile;
  };
  /** Input size of the training, and the default input size. */
  readonly input: { readonly width: number; readonly height: number };
  readonly labels: readonly string[];
  /** Absent when no figure is published. */
  readonly accuracy?: PublishedAccuracy;
}

/** Size of the download in bytes. */
export function downloadBytes(model: KnownModel): number {
  return model.source.kind === "npm" ? model.source.bytes : model.files[0].bytes;
}

/** The model's source, in a few words. */
export function describeSource(source: KnownModel["source"]): string {
  return source.kind === "npm" ? `npm ${source.package} ${source.version}` : source.url;
}
