import { expect, test } from "vitest";
import { otherFile } from "../../../../../../detectors/compiler/import/origin/other-files.ts";
import { writeCheckpoint } from "../../../../../support/models/checkpoint.ts";
import { tfjsFiles, writeCenterNet } from "../../../../../support/models/tfjs-writer.ts";
import { smallYolov5 } from "../../../../../support/models/yolov5-onnx.ts";

/** Text, or bytes in hex behind "0x". */
function file(contents: string): Uint8Array {
  return contents.startsWith("0x")
    ? Buffer.from(contents.slice(2), "hex")
    : new TextEncoder().encode(contents);
}

const LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 7909373\n";
const ZIP = "0x504b030414000000";

test.each<[name: string, contents: string, message: RegExp, remedy: RegExp]>([
  ["a.pt", "", /an empty file/, /again/],
  ["a.onnx", LFS, /a Git LFS pointer: it only stands for a file of 7909373 bytes/, /git lfs pull/],
  ["a.pt", LFS, /a Git LFS pointer/, /git lfs pull/],
  ["a.pt", '\n<!DOCTYPE html>\n<html lang="en">', /a web page/, /Download raw file/],
  ["a.onnx", "\ufeff<html>", /a web page/, /Download/],
  ["a.xml", '<?xml version="1.0"?>\n<net name="x" version="11">', /an OpenVINO model/, /to ONNX/],
  ["a.pt", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /an XML file/, /to ONNX/],
  ["a.wasm", "0x0061736d01000000", /a WebAssembly module/, /sabrewing infer/],
  ["a.onnx", "0x89504e470d0a1a0a", /a picture \(PNG\)/, /sabrewing detect/],
  ["a.jpg", "0xffd8ffe0", /a picture \(JPEG\)/, /sabrewing detect/],
  ["a.gif", "GIF89a", /a picture \(GIF\)/, /sabrewing detect/],
  ["a.webp", "0x52494646000000005745425056503820", /a picture \(WebP\)/, /sabrewing detect/],
  ["a.h5", "0x894844460d0a1a0a", /a Keras model in HDF5/, /--keras/],
  ["a.safetensors", "0x0200000000000000" + "7b227d", /weights only \(safetensors\)/, /to ONNX/],
  ["a.gguf", "GGUF\0\0", /llama\.cpp/, /llama\.cpp/],
  ["a.param", "7767517\n75 83\nInput in0 0 1 in0", /an ncnn model/, /to ONNX/],
  ["a.param.bin", "0x5d867600", /an ncnn model/, /to ONNX/],
  ["a.bin", "0x0000000011223344", /bare numbers \(\.bin\)/, /model\.json/],
  ["a.onnx.gz", "0x1f8b0800", /packed \(gzip\)/, /gunzip/],
  ["a.bz2", "BZh9", /packed \(bzip2\)/, /bunzip2/],
  ["a.xz", "0xfd377a585a00", /packed \(xz\)/, /unxz/],
  ["a.zst", "0x28b52ffd", /packed \(Zstandard\)/, /unzstd/],
  ["a.7z", "0x377abcaf271c", /packed \(7z\)/, /7z x/],
  ["a.rar", "Rar!\x1a", /packed \(RAR\)/, /unrar/],
  ["a.tar", `${"a".padEnd(257, "\0")}ustar\0`, /packed \(tar\)/, /tar -xf/],
  ["a.npy", "0x934e554d5059", /an array of NumPy/, /sabrewing infer/],
  ["saved_model.pb", "0x0801", /a TensorFlow graph/, /--saved-model/],
  ["a.pdmodel", "0x0a00", /a PaddlePaddle model/, /paddle2onnx/],
  ["a.mlmodel", "0x0805", /a Core ML model/, /to ONNX/],
  ["a.engine", "0x66747274", /TensorRT/, /\.onnx file from which/],
  ["a.weights", "0x0000000002", /Darknet/, /ONNX/],
  ["yolov8n.yaml", "nc: 80\n", /a YAML file/, /trained model/],
  [
    "a.json",
    '{"model": "x"}',
    /JSON file without a graph of TensorFlow\.js .* begins with "\{\\"model\\"/,
    /model\.json/,
  ],
  ["a.onnx", '{"message": "Not Found"}', /JSON file/, /model\.json/],
  ["a.pt", "Not Found", /a text file; it begins with "Not Found"/, /again/],
  ["a.pt", "é".repeat(2000), /a text file/, /again/],
])("%s is no model: %j", (name, contents, message, remedy) => {
  const error = otherFile(file(contents), name.slice(name.lastIndexOf(".")));
  expect(error?.message).toMatch(message);
  expect(error?.remedy).toMatch(remedy);
});

test.each<[what: string, file: Uint8Array, extension: string]>([
  ["a checkpoint", writeCheckpoint(), ".pt"],
  ["an ONNX file", smallYolov5(), ".onnx"],
  ["a damaged ONNX file", smallYolov5().subarray(3), ".onnx"],
  ["a checkpoint of Hugging Face", file(ZIP), ".bin"],
  [
    "a graph of TensorFlow.js",
    tfjsFiles(
      writeCenterNet({
        height: 32,
        width: 32,
        body: (writer, image) => ({ map: writer.mix("wide", image, 3, 6), channels: 6 }),
      }),
    ).json,
    ".json",
  ],
])("%s is left to the importers", (_, main, extension) => {
  expect(otherFile(main, extension)).toBeUndefined();
});
