/** What every file format provides. A new format is a folder with an `Importer`, and an entry in `importers.ts`. */
import type { ModelFormat } from "../../module-format.ts";
import type { ImageSize, ImportedDetector, ImportedTensors } from "../graph/graph.ts";
import type { Shape } from "../graph/value.ts";
import type { NdArray } from "./nd-array.ts";
import type { ModelOrigin } from "./origin/model-origin.ts";

/** The files of a model. */
export interface ModelFiles {
  /** The file that the user named. */
  readonly main: Uint8Array;
  /** The other files, by name, in the order of `Importer.companions`. */
  readonly companions: ReadonlyMap<string, Uint8Array>;
}

/** A file format. */
export interface Importer {
  readonly format: ModelFormat;
  /**
   * Whether a file has this format, by its contents.
   * @param extension of the file's name, in lower case and with its dot; it decides only where the contents do not
   */
  readonly matches: (main: Uint8Array, extension: string) => boolean;
  /**
   * The names of the files beside it that belong to the model.
   * @throws ModelError when the file is damaged, or names a file outside its folder.
   */
  readonly companions: (main: Uint8Array) => readonly string[];
  /**
   * Reads the files. Whether the operators can be compiled is not checked yet.
   * @throws ModelError when a file is missing or damaged.
   */
  readonly read: (files: ModelFiles) => FileModel | Promise<FileModel>;
}

/** A model as its file has it. */
export interface FileModel {
  /** What the file says of itself; undefined where the format belongs to one program. */
  readonly origin: ModelOrigin | undefined;
  /**
   * The network and the head of a detector.
   * @throws UnknownHead when the file has no head that the compiler knows, or a network that it cannot compile;
   *   ModelError when the head is known, but not the size or the labels.
   */
  readonly detector: (options: DetectorOptions) => ImportedDetector;
  /**
   * The whole model, with the inputs and outputs of the file.
   * @throws ModelError that names every operator or value that cannot be compiled.
   */
  readonly tensors: (options: TensorOptions) => ImportedTensors;
}

export interface DetectorOptions {
  /** The model's name. */
  readonly name: string;
  /** Size of the input. Default: the file's own, or that of the head's kind where the file leaves it open. */
  readonly size?: ImageSize;
}

/** An output that becomes an input of the next inference, by their names in the file. */
export interface TensorState {
  readonly output: string;
  /** Before the first inference it is its initializer, or zeros. */
  readonly input: string;
}

export interface TensorOptions {
  /** The model's name. */
  readonly name: string;
  /** Shapes of inputs, by name. Needed where the file leaves a size open; an open first axis, a batch, is 1 otherwise. */
  readonly shapes?: ReadonlyMap<string, Shape>;
  /** Outputs that continue as inputs of the next inference: they are no inputs or outputs of the module. */
  readonly states?: readonly TensorState[];
  /** Inputs that always hold one number, by name: they are no inputs of the module. */
  readonly constants?: ReadonlyMap<string, number>;
  /** Inputs that are known at compile time, by name. */
  readonly known?: ReadonlyMap<string, NdArray>;
}
