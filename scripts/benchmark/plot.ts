import { type Bar, barChart, COLOUR, ourLook } from "./bar-chart.ts";
import { type Row, webPeer } from "./row.ts";

const LABEL_WIDTH = 184;
/** Width of a note: `12.3×`. */
const NOTE_WIDTH = 44;

/**
 * Draws a panel of bars per size, the fastest first: ours in Wasmer (in V8 when Wasmer was not measured) and the peers.
 * @param machine CPU and Node, for the footnote
 * @returns an SVG document
 */
export function plot(rows: readonly Row[], machine: string): string {
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const model = rows[0]?.model === "mobilenet" ? "MobileNetV3-CenterNet" : "YOLOv5n";
  const peer = model === "YOLOv5n" ? "onnxruntime-web" : "TensorFlow.js";
  const engine = ourEngine(rows) === "wasmer" ? "Wasmer" : "V8";
  return barChart({
    title: `${model}: milliseconds per image`,
    subtitle: `Shorter is better. One thread unless labelled “threads”; × is the speed-up over ${peer}.`,
    panels: sizes.map((size) => ({
      title: size.replace("x", " × "),
      bars: barsOf(
        rows.filter((row) => row.size === size),
        rows,
      ),
    })),
    labelWidth: LABEL_WIDTH,
    noteWidth: NOTE_WIDTH,
    footnote: `Ours runs in ${engine}, from bytes to boxes; the others stop before decoding the boxes. ${machine}.`,
  });
}

function barsOf(rows: readonly Row[], all: readonly Row[]): Bar[] {
  const ours = ourEngine(rows);
  return rows
    .filter(({ name, engine }) => name !== "sabrewing" || engine === ours)
    .map((row) => {
      const times = (webPeer(row, all)?.p50_ms ?? row.p50_ms) / row.p50_ms;
      return {
        ...lookOf(row),
        isOurs: row.name === "sabrewing",
        value: row.p50_ms,
        figure: row.p50_ms < 100 ? row.p50_ms.toFixed(1) : row.p50_ms.toFixed(0),
        note: Math.abs(times - 1) < 0.005 ? "" : `${times.toFixed(1)}×`,
      };
    })
    .toSorted((a, b) => a.value - b.value);
}

/** The engine of ours that the plot shows: Wasmer when it was measured. */
function ourEngine(rows: readonly Row[]): string {
  return rows.some(({ engine }) => engine === "wasmer") ? "wasmer" : "v8";
}

function lookOf({ name, variant, threads }: Row): Pick<Bar, "label" | "colour"> {
  if (name === "sabrewing") return ourLook(variant);
  if (name === "onnxruntime-node") return { label: "onnxruntime, native", colour: COLOUR.native };
  if (name === "tfjs-backend-wasm") return { label: "TensorFlow.js, wasm", colour: COLOUR.web };
  if (threads === 1) return { label: "onnxruntime-web", colour: COLOUR.web };
  return { label: "onnxruntime-web, threads", colour: COLOUR.webLighter };
}
