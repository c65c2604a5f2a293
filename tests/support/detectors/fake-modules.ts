/**
 * Detector modules without a model, written as WebAssembly text and assembled by binaryen. They read their "objects" from
 * the first pixels, and misbehave for certain values of the frame's first byte.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";
import type { Detection, Thresholds } from "../../../detectors/detector.ts";
import {
  ABI,
  DESCRIPTION_SECTION,
  DETECT_PARAMETERS,
  type DetectDescription,
  MAGIC,
} from "../../../detectors/module-format.ts";

/** Values of a frame's first byte for which the fake module misbehaves. Up to `late` they also affect `infer`. */
export const POISON = {
  loop: 200,
  trap: 201,
  exit: 202,
  tooMany: 203,
  notANumber: 204,
  badLabel: 205,
  /** Replies correctly, but after some seconds of computing. */
  late: 206,
  wrongSequence: 210,
  badMagic: 211,
  flood: 212,
  truncated: 213,
  twice: 214,
  end: 215,
  errorText: 216,
} as const;

/** With these values no byte of a real image makes the module misbehave. */
export const NO_POISON: Readonly<Record<keyof typeof POISON, number>> = {
  loop: 256,
  trap: 256,
  exit: 256,
  tooMany: 256,
  notANumber: 256,
  badLabel: 256,
  late: 256,
  wrongSequence: 256,
  badMagic: 256,
  flood: 256,
  truncated: 256,
  twice: 256,
  end: 256,
  errorText: 256,
};

export const LABELS = ["person", "car", "dog"] as const;

/** How a fake module differs from a valid one. */
export interface FakeOptions {
  readonly width?: number;
  readonly height?: number;
  /** Limits of the memory in the text format: `minimum maximum`. */
  readonly memoryLimits?: string;
  /** More imports, e.g. `(import "env" "now" (func (result i32)))`. */
  readonly imports?: string;
  /** An export to leave out. */
  readonly without?: "input_0" | "output_0" | "parameter_1" | "infer" | "_start";
  /** Other values for some of `POISON`; the blank frame of the warm-up starts with 0. */
  readonly poison?: Partial<Record<keyof typeof POISON, number>>;
  /** Other functions `$pixel` and `$put_detection`, which detect objects in an image. */
  readonly detects?: (at: { readonly frame: number; readonly detections: number }) => string;
  /** 24 bytes in WebAssembly's text format for standard error at `POISON.errorText`. */
  readonly errorText?: string;
  /** Merged into the description. `null` omits the section; a string replaces its content. */
  readonly description?: Record<string, unknown> | string | null;
}

const FRAME = 131_072;
const REQUEST = 64;
const PARAMETERS = [96, 112] as const;
const REPLY = 1024;
const DETECTIONS = REPLY + 16;

/** Assembles a fake detector module. */
export function fakeModule(options: FakeOptions = {}): Uint8Array {
  const { width = 8, height = 4 } = options;
  const frameBytes = width * height * 3;
  const pages = 2 + Math.ceil(frameBytes / 65_536);
  const text = moduleText({
    frameBytes,
    limits: options.memoryLimits ?? `${pages} ${pages}`,
    imports: options.imports ?? "",
    poison: { ...POISON, ...options.poison },
    errorText: options.errorText ?? "bad request\\nsecond line\\n",
    detects: (options.detects ?? readPixels)({ frame: FRAME, detections: DETECTIONS }),
    exported: (name) => (name === options.without ? "" : `(export "${name}")`),
  });
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.MVP);
  const bytes = module.emitBinary();
  module.dispose();
  if (options.description === null) return bytes;
  const content =
    typeof options.description === "string"
      ? options.description
      : JSON.stringify({ ...fakeDescription(width, height), ...options.description });
  return withCustomSection(bytes, DESCRIPTION_SECTION, new TextEncoder().encode(content));
}

/** Writes bytes to a file in a fresh temporary directory and returns its path. */
export function writeModuleFile(bytes: Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), "sabrewing-module-")), "fake.wasm");
  writeFileSync(path, bytes);
  return path;
}

/** A frame for the fake module: `first` is the number of objects (modulo 4) or the misbehaviour. */
export function fakeFrame(first: number, seed = 0, options: FakeOptions = {}): Uint8Array {
  const { width = 8, height = 4 } = options;
  const frame = new Uint8Array(width * height * 3);
  frame.set([first, seed, seed + 1, seed + 2, seed + 3]);
  return frame;
}

/** The detections of a valid module in this frame. */
export function fakeDetections(frame: Uint8Array, thresholds: Thresholds): Detection[] {
  const [first = 0, left = 0, top = 0, score = 0, label = 0] = frame;
  return Array.from({ length: first % 4 }, (_, index) => ({
    label: LABELS[label % LABELS.length] ?? "",
    score: score / 256,
    box: [left + index, top, Math.fround(thresholds.score), Math.fround(thresholds.iou)],
  }));
}

/** The description of a fake module. */
export function fakeDescription(width: number, height: number): DetectDescription {
  return {
    abi: ABI,
    task: "detect",
    name: "fake",
    inputs: [{ name: "image", shape: [height, width, 3], dtype: "u8" }],
    outputs: [{ name: "detections", shape: [300, 6], dtype: "f32", rows: "counted" }],
    parameters: DETECT_PARAMETERS,
    labels: LABELS.map((name, id) => ({ id, name })),
    picture: { fit: "letterbox-centre", pad: 114, filter: "linear" },
    precision: "f32",
    features: ["simd128"],
    source: [{ format: "onnx", sha256: "0".repeat(64), licence: "Apache-2.0" }],
    compiler: { version: "0.0.0" },
  };
}

/** Appends a custom section (WebAssembly core specification 5.5.3). */
export function withCustomSection(bytes: Uint8Array, name: string, content: Uint8Array): Uint8Array {
  const nameBytes = new TextEncoder().encode(name);
  const head = [...leb128(nameBytes.length), ...nameBytes];
  const size = leb128(head.length + content.length);
  return Uint8Array.from(Buffer.concat([bytes, Buffer.from([0, ...size, ...head]), content]));
}

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}

interface Parts {
  readonly frameBytes: number;
  readonly limits: string;
  readonly imports: string;
  readonly poison: Record<keyof typeof POISON, number>;
  readonly errorText: string;
  readonly detects: string;
  readonly exported: (name: string) => string;
}

/** Reads the objects from the first pixels: their number, then the box, the score and the label of all of them. */
function readPixels({ frame, detections }: { readonly frame: number; readonly detections: number }): string {
  return `
  (func $pixel (param $index i32) (result i32)
    (i32.load8_u (i32.add (i32.const ${frame}) (local.get $index))))
  (func $put_detection (param $index i32) (param $score f32) (param $iou f32)
    (local $at i32)
    (local.set $at (i32.add (i32.const ${detections}) (i32.mul (local.get $index) (i32.const 24))))
    (f32.store offset=0 (local.get $at)
      (f32.convert_i32_u (i32.add (call $pixel (i32.const 1)) (local.get $index))))
    (f32.store offset=4 (local.get $at) (f32.convert_i32_u (call $pixel (i32.const 2))))
    (f32.store offset=8 (local.get $at) (local.get $score))
    (f32.store offset=12 (local.get $at) (local.get $iou))
    (f32.store offset=16 (local.get $at)
      (f32.div (f32.convert_i32_u (call $pixel (i32.const 3))) (f32.const 256)))
    (f32.store offset=20 (local.get $at)
      (f32.convert_i32_u (i32.rem_u (call $pixel (i32.const 4)) (i32.const ${LABELS.length})))))`;
}

function moduleText({ frameBytes, limits, imports, poison, errorText, detects, exported }: Parts): string {
  return `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  ${imports}
  (memory (export "memory") ${limits})
  (global ${exported("input_0")} i32 (i32.const ${FRAME}))
  (global ${exported("output_0")} i32 (i32.const ${DETECTIONS}))
  (global (export "parameter_0") i32 (i32.const ${PARAMETERS[0]}))
  (global ${exported("parameter_1")} i32 (i32.const ${PARAMETERS[1]}))
  (data (i32.const 128) "${errorText}")

  (func $spin (param $rounds i64)
    (loop $again
      (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
      (br_if $again (i64.ne (local.get $rounds) (i64.const 0)))))

${detects}

  (func $first_is (param $poison i32) (result i32)
    (i32.eq (call $pixel (i32.const 0)) (local.get $poison)))

  (func $infer ${exported("infer")} (result i32)
    (local $count i32) (local $index i32) (local $score f32) (local $iou f32)
    (local.set $score (f32.load (i32.const ${PARAMETERS[0]})))
    (local.set $iou (f32.load (i32.const ${PARAMETERS[1]})))
    (if (call $first_is (i32.const ${poison.loop})) (then (call $spin (i64.const 0))))
    (if (call $first_is (i32.const ${poison.late})) (then (call $spin (i64.const 4000000000))))
    (if (call $first_is (i32.const ${poison.trap})) (then (unreachable)))
    (if (call $first_is (i32.const ${poison.exit})) (then (call $proc_exit (i32.const 7))))
    (local.set $count (i32.rem_u (call $pixel (i32.const 0)) (i32.const 4)))
    (if (call $first_is (i32.const ${poison.tooMany})) (then (return (i32.const 301))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $index) (local.get $count)))
      (call $put_detection (local.get $index) (local.get $score) (local.get $iou))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br $next)))
    (if (call $first_is (i32.const ${poison.notANumber})) (then
      (f32.store (i32.const ${DETECTIONS}) (f32.const nan)) (local.set $count (i32.const 1))))
    (if (call $first_is (i32.const ${poison.badLabel})) (then
      (f32.store (i32.const ${DETECTIONS + 16}) (f32.const 0.5))
      (f32.store (i32.const ${DETECTIONS + 20}) (f32.const ${LABELS.length}))
      (local.set $count (i32.const 1))))
    (local.get $count))

  ;; Reads exactly $bytes; 0 at the end of input.
  (func $read (param $to i32) (param $bytes i32) (result i32)
    (block $whole (loop $more
      (br_if $whole (i32.eqz (local.get $bytes)))
      (i32.store (i32.const 0) (local.get $to))
      (i32.store (i32.const 4) (local.get $bytes))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (return (i32.const 0))))
      (if (i32.eqz (i32.load (i32.const 8))) (then (return (i32.const 0))))
      (local.set $to (i32.add (local.get $to) (i32.load (i32.const 8))))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.load (i32.const 8))))
      (br $more)))
    (i32.const 1))

  (func $write (param $fd i32) (param $from i32) (param $bytes i32)
    (block $whole (loop $more
      (br_if $whole (i32.eqz (local.get $bytes)))
      (i32.store (i32.const 0) (local.get $from))
      (i32.store (i32.const 4) (local.get $bytes))
      (if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $proc_exit (i32.const 1))))
      (local.set $from (i32.add (local.get $from) (i32.load (i32.const 8))))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.load (i32.const 8))))
      (br $more))))

  (func $_start ${exported("_start")}
    (local $count i32) (local $reply_bytes i32)
    (loop $next
      (if (i32.eqz (call $read (i32.const ${REQUEST}) (i32.const 16))) (then (return)))
      (if (i32.ne (i32.load (i32.const ${REQUEST})) (i32.const ${MAGIC})) (then
        (call $write (i32.const 2) (i32.const 128) (i32.const 12))
        (call $proc_exit (i32.const 1))))
      (if (i32.eqz (call $read (i32.const ${PARAMETERS[0]}) (i32.const 4))) (then (return)))
      (if (i32.eqz (call $read (i32.const ${PARAMETERS[1]}) (i32.const 4))) (then (return)))
      (if (i32.eqz (call $read (i32.const ${FRAME}) (i32.const ${frameBytes}))) (then (return)))
      (if (call $first_is (i32.const ${poison.end})) (then (return)))
      (if (call $first_is (i32.const ${poison.errorText})) (then
        (call $write (i32.const 2) (i32.const 128) (i32.const 24))
        (call $proc_exit (i32.const 9))))
      (local.set $count (call $infer))
      (i32.store (i32.const ${REPLY}) (i32.const ${MAGIC}))
      (i32.store (i32.const ${REPLY + 4}) (i32.load (i32.const ${REQUEST + 4})))
      (i32.store (i32.const ${REPLY + 8}) (local.get $count))
      (i32.store (i32.const ${REPLY + 12}) (i32.const 0))
      (local.set $reply_bytes (i32.add (i32.const 16) (i32.mul (local.get $count) (i32.const 24))))
      (if (call $first_is (i32.const ${poison.badMagic})) (then (i32.store (i32.const ${REPLY}) (i32.const 42))))
      (if (call $first_is (i32.const ${poison.wrongSequence})) (then
        (i32.store (i32.const ${REPLY + 4}) (i32.const 0xffff))))
      (if (call $first_is (i32.const ${poison.truncated})) (then (local.set $reply_bytes (i32.const 8))))
      (if (call $first_is (i32.const ${poison.twice})) (then
        (call $write (i32.const 1) (i32.const ${REPLY}) (local.get $reply_bytes))))
      (if (call $first_is (i32.const ${poison.flood})) (then
        (loop $flood (call $write (i32.const 1) (i32.const ${REPLY}) (i32.const 60000)) (br $flood))))
      (call $write (i32.const 1) (i32.const ${REPLY}) (local.get $reply_bytes))
      (br $next)))
)`;
}
