/** Files that people give to the compiler and that it does not read: what they are, and what to do instead. */
import { ModelError } from "../../../errors.ts";
import { MODEL_FILE_TYPES } from "../../../module-format.ts";
import { isTfjs } from "../tfjs/schema.ts";

/** A kind of file, recognised by its first bytes, or by its name where these say nothing. */
interface OtherFile {
  readonly matches: (start: FileStart) => boolean;
  /** "It is …" */
  readonly what: string | ((start: FileStart) => string);
  readonly remedy: string;
}

/** The beginning of a file. */
interface FileStart {
  readonly main: Uint8Array;
  readonly bytes: Uint8Array;
  /** The bytes as text, without a byte order mark and white space in front. */
  readonly text: string;
  /** In lower case, with its dot. */
  readonly extension: string;
}

/** Enough for every signature below, and for the name of an XML file's first element. */
const START_BYTES = 1024;

const TO_ONNX = "Export the model to ONNX with the program that made it";

/** In the order in which a file is compared with them: contents before names. */
const OTHER_FILES: readonly OtherFile[] = [
  {
    matches: ({ bytes }) => bytes.length === 0,
    what: "an empty file",
    remedy: "Get it again: a download or an export did not finish.",
  },
  {
    matches: ({ text }) => text.startsWith("version https://git-lfs.github.com/spec/"),
    what: ({ text }) => {
      const [, size] = /^size (\d+)$/m.exec(text) ?? [];
      return `a Git LFS pointer: it only stands for a file${size === undefined ? "" : ` of ${size} bytes`} that was not fetched`;
    },
    remedy: "Run `git lfs install` and `git lfs pull` in the clone, or download the file itself.",
  },
  {
    matches: ({ text }) => /^<(!doctype html|html|head|body)\b/i.test(text),
    what: "a web page, as a browser or a download of the wrong address saves it",
    remedy:
      "Download the file itself: on GitHub with the button “Download raw file”, on Hugging Face with the arrow beside the file.",
  },
  {
    matches: ({ text }) => text.startsWith("<?xml") || text.startsWith("<net "),
    what: ({ text }) => (/<net\s/.test(text) ? "an OpenVINO model (.xml)" : "an XML file"),
    remedy: `${TO_ONNX}: OpenVINO's own files cannot be converted back.`,
  },
  {
    matches: ({ bytes }) => startsWith(bytes, "\0asm"),
    what: "a WebAssembly module, such as `sabrewing compile` writes",
    remedy:
      "Run it with `sabrewing infer` or `sabrewing detect --model`; `sabrewing inspect` shows what it is.",
  },
  picture("PNG", (bytes) => startsWith(bytes, "\x89PNG")),
  picture("JPEG", (bytes) => startsWith(bytes, "\xff\xd8\xff")),
  picture("GIF", (bytes) => startsWith(bytes, "GIF8")),
  picture("WebP", (bytes) => startsWith(bytes, "RIFF") && startsWith(bytes.subarray(8), "WEBP")),
  {
    matches: ({ bytes }) => startsWith(bytes, "\x89HDF\r\n"),
    what: "a Keras model in HDF5 (.h5)",
    remedy: "Convert it to ONNX: python -m tf2onnx.convert --keras model.h5 --output model.onnx",
  },
  {
    matches: ({ bytes }) => isSafetensors(bytes),
    what: "a file of weights only (safetensors): it does not say how the layers are connected",
    remedy: `${TO_ONNX}, for example with \`optimum-cli export onnx\` for models of Hugging Face.`,
  },
  {
    matches: ({ bytes }) => startsWith(bytes, "GGUF"),
    what: "a language model of llama.cpp (GGUF)",
    remedy: "Run it with llama.cpp; the compiler is for small models of pictures, sounds and numbers.",
  },
  {
    // The text form begins with a number, the binary form with the same number (ncnn, src/net.cpp: load_param).
    matches: ({ bytes, text }) => /^7767517\s/.test(text) || startsWith(bytes, "\x5d\x86\x76\x00"),
    what: "an ncnn model (.param)",
    remedy: `${TO_ONNX}: ncnn's own files cannot be converted back.`,
  },
  archive("gzip", "gunzip", (bytes) => startsWith(bytes, "\x1f\x8b")),
  archive("bzip2", "bunzip2", (bytes) => startsWith(bytes, "BZh")),
  archive("xz", "unxz", (bytes) => startsWith(bytes, "\xfd7zXZ")),
  archive("Zstandard", "unzstd", (bytes) => startsWith(bytes, "\x28\xb5\x2f\xfd")),
  archive("7z", "7z x", (bytes) => startsWith(bytes, "7z\xbc\xaf\x27\x1c")),
  archive("RAR", "unrar x", (bytes) => startsWith(bytes, "Rar!")),
  archive("tar", "tar -xf", (bytes) => startsWith(bytes.subarray(257), "ustar")),
  {
    matches: ({ bytes }) => startsWith(bytes, "\x93NUMPY"),
    what: "an array of NumPy (.npy), not a model",
    remedy: "Give the model here; `sabrewing infer MODULE array.npy` then computes with the array.",
  },
  named(
    [".pb"],
    "a TensorFlow graph (.pb)",
    "Convert it to ONNX: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx (or --graphdef FILE with --inputs and --outputs for a frozen graph).",
  ),
  named(
    [".pdmodel", ".pdiparams"],
    "a PaddlePaddle model",
    "Convert it to ONNX: paddle2onnx --model_dir FOLDER --model_filename NAME.pdmodel --params_filename NAME.pdiparams --save_file model.onnx",
  ),
  named([".mlmodel"], "a Core ML model", `${TO_ONNX}: Core ML's own files cannot be converted back.`),
  named(
    [".engine", ".trt", ".plan"],
    "a TensorRT engine, which is built for one graphics card",
    "Compile the .onnx file from which it was built.",
  ),
  named(
    [".rknn"],
    "an RKNN model, which is built for one chip of Rockchip",
    "Compile the .onnx file from which it was built.",
  ),
  named(
    [".hef"],
    "a Hailo model, which is built for one accelerator",
    "Compile the .onnx file from which it was built.",
  ),
  named([".mnn"], "an MNN model", `${TO_ONNX}.`),
  named([".caffemodel", ".prototxt"], "a Caffe model", "Convert it to ONNX with caffe2onnx."),
  named(
    [".weights", ".cfg"],
    "a Darknet model",
    "Convert it to ONNX, for example with pytorch-YOLOv4 (demo_darknet2onnx.py).",
  ),
  named([".params"], "an MXNet model", `${TO_ONNX} (mxnet.onnx.export_model).`),
  named(
    [".yaml", ".yml"],
    "a YAML file: it may describe layers, but holds no weights",
    `Give the trained model: ${MODEL_FILE_TYPES}.`,
  ),
  {
    matches: ({ bytes, extension }) => extension === ".bin" && !startsWith(bytes, "PK"),
    what: "a file of bare numbers (.bin): it does not say how the layers are connected",
    remedy:
      "Give the file that describes the model: the model.json beside it (TensorFlow.js), or an .onnx file.",
  },
  {
    matches: ({ text, main }) => isText(text) && /^[[{]/.test(text) && !isTfjs(main),
    what: ({ text }) =>
      `a JSON file without a graph of TensorFlow.js (modelTopology); it begins with ${quoted(text)}`,
    remedy: `Give ${MODEL_FILE_TYPES}.`,
  },
  {
    matches: ({ text, main }) => isText(text) && !isTfjs(main),
    what: ({ text }) => `a text file; it begins with ${quoted(text)}`,
    remedy: "Get the model again, and look at what the address answers: it may be an error message.",
  },
];

/** Whether the beginning of a file is text: no model that the compiler reads is, except model.json. */
function isText(text: string): boolean {
  // The last character may be cut in half.
  return text !== "" && !/(?![\t\n\r])\p{Cc}|\ufffd(?!$)/u.test(text);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

function picture(name: string, isPicture: (bytes: Uint8Array) => boolean): OtherFile {
  return {
    matches: ({ bytes }) => isPicture(bytes),
    what: `a picture (${name}), not a model`,
    remedy: "Give the model here; `sabrewing detect` then finds objects in the picture.",
  };
}

function archive(name: string, command: string, isArchive: (bytes: Uint8Array) => boolean): OtherFile {
  return {
    matches: ({ bytes }) => isArchive(bytes),
    what: `packed (${name})`,
    remedy: `Unpack it (${command} FILE), and compile the model in it.`,
  };
}

function named(extensions: readonly string[], what: string, remedy: string): OtherFile {
  return { matches: ({ extension }) => extensions.includes(extension), what, remedy };
}

/** Whether bytes begin with these characters, each the code of a byte. */
function startsWith(bytes: Uint8Array, signature: string): boolean {
  return Array.from(signature).every((character, index) => bytes[index] === character.charCodeAt(0));
}

/** A header of JSON behind its length, u64 (huggingface/safetensors, README: Format). */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10) return false;
  const header = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return header >= 2n && header < 100_000_000n && startsWith(bytes.subarray(8), '{"');
}

/**
 * The refusal of a file that is no model that the compiler reads.
 * @param extension of its name, in lower case and with its dot
 * @returns undefined when the file is of no known other kind
 */
export function otherFile(main: Uint8Array, extension: string): ModelError | undefined {
  const bytes = main.subarray(0, START_BYTES);
  const text = new TextDecoder().decode(bytes).trim();
  const start = { main, bytes, text, extension };
  const found = OTHER_FILES.find(({ matches }) => matches(start));
  if (found === undefined) return undefined;
  const what = typeof found.what === "string" ? found.what : found.what(start);
  return new ModelError(`This is ${what}.`, found.remedy);
}
