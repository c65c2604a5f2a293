import { type Row, webPeer } from "./row.ts";

/** All in units of the drawing. */
const WIDTH = 960;
const MARGIN = 32;
const GUTTER = 48;
const COLUMNS = 2;
const HEADER = 92;
const FOOTER = 46;
const PANEL_TITLE = 36;
const BAR = 20;
const PITCH = 29;
const PANEL_GAP = 26;
const LABEL = 184;
/** Right of the longest bar: its figure. */
const FIGURE = 92;
const PANEL = (WIDTH - 2 * MARGIN - GUTTER) / COLUMNS;

const COLOUR = {
  paper: "#ffffff",
  edge: "#e3e7ec",
  ink: "#1d2733",
  quiet: "#68778a",
  track: "#f2f4f7",
  ours: { i8: "#05646a", i16: "#0b868a", "f32-relaxed": "#27a8a0", f32: "#76c9bd" },
  web: "#e0853d",
  webThreads: "#f0bd92",
  native: "#a3aebb",
} as const;

const OUR_NAMES: Readonly<Record<string, string>> = {
  i8: "Sabrewing i8",
  i16: "Sabrewing i16",
  "f32-relaxed": "Sabrewing f32, FMA",
  f32: "Sabrewing f32",
};

interface Bar {
  readonly label: string;
  readonly colour: string;
  readonly isOurs: boolean;
  readonly ms: number;
  /** How many times as fast as the WebAssembly peer on one thread. */
  readonly times: number | undefined;
}

/**
 * Draws a panel of bars per size, the fastest first: ours in Wasmer (in V8 where Wasmer was not measured), and the peers.
 * @param machine CPU and Node, for the footnote
 * @returns an SVG document
 */
export function plot(rows: readonly Row[], machine: string): string {
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const panels = sizes.map((size) => ({
    size,
    bars: barsOf(
      rows.filter((row) => row.size === size),
      rows,
    ),
  }));
  const most = Math.max(1, ...panels.map(({ bars }) => bars.length));
  const panelHeight = PANEL_TITLE + most * PITCH + PANEL_GAP;
  const height = HEADER + Math.ceil(panels.length / COLUMNS) * panelHeight + FOOTER;
  const model = rows[0]?.model === "mobilenet" ? "MobileNetV3-CenterNet" : "YOLOv5n";
  const peer = model === "YOLOv5n" ? "onnxruntime-web" : "TensorFlow.js";
  const drawn = panels.map(({ size, bars }, index) => {
    const x = MARGIN + (index % COLUMNS) * (PANEL + GUTTER);
    const y = HEADER + Math.floor(index / COLUMNS) * panelHeight;
    return `<g transform="translate(${x} ${y})">${panel(size, bars)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="Inter, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif">`,
    `<title>${model}: milliseconds per picture</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="12" fill="${COLOUR.paper}" stroke="${COLOUR.edge}"/>`,
    text(MARGIN, 45, `${model}: milliseconds per picture`, { size: 23, weight: 700 }),
    text(
      MARGIN,
      69,
      `Shorter is better. One thread unless it says threads; × is how many times as fast as ${peer}.`,
      {
        size: 13.5,
        colour: COLOUR.quiet,
      },
    ),
    ...drawn,
    text(
      MARGIN,
      height - 22,
      `Ours runs in ${ourEngine(rows) === "wasmer" ? "Wasmer" : "V8"}, from bytes to boxes; the others stop before decoding. ${escaped(machine)}.`,
      { size: 12, colour: COLOUR.quiet },
    ),
    "</svg>\n",
  ].join("\n");
}

function panel(size: string, bars: readonly Bar[]): string {
  const room = PANEL - LABEL - FIGURE;
  const longest = Math.max(...bars.map(({ ms }) => ms));
  const lines = bars.map(({ label, colour, isOurs, ms, times }, index) => {
    const y = PANEL_TITLE + index * PITCH;
    const baseline = y + BAR / 2 + 4.5;
    const length = Math.max(3, (ms / longest) * room);
    const ratio = times === undefined || Math.abs(times - 1) < 0.005 ? "" : `${times.toFixed(1)}×`;
    return [
      text(0, baseline, label, { size: 13, weight: isOurs ? 600 : 400 }),
      `<rect x="${LABEL}" y="${y}" width="${round(room)}" height="${BAR}" rx="4" fill="${COLOUR.track}"/>`,
      `<rect x="${LABEL}" y="${y}" width="${round(length)}" height="${BAR}" rx="4" fill="${colour}"/>`,
      text(PANEL - 44, baseline, showMs(ms), { size: 13, weight: 700, anchor: "end" }),
      text(PANEL, baseline, ratio, { size: 13, colour: COLOUR.quiet, anchor: "end" }),
    ].join("");
  });
  return [text(0, 18, size.replace("x", " × "), { size: 16, weight: 700 }), ...lines].join("\n");
}

function barsOf(rows: readonly Row[], all: readonly Row[]): Bar[] {
  const ours = ourEngine(rows);
  return rows
    .filter(({ name, engine }) => name !== "sabrewing" || engine === ours)
    .map((row) => {
      const web = webPeer(row, all);
      const times = web === undefined ? undefined : web.p50_ms / row.p50_ms;
      return { ...lookOf(row), isOurs: row.name === "sabrewing", ms: row.p50_ms, times };
    })
    .toSorted((a, b) => a.ms - b.ms);
}

/** A plot shows one of our engines: Wasmer, where it was measured. */
function ourEngine(rows: readonly Row[]): string {
  return rows.some(({ engine }) => engine === "wasmer") ? "wasmer" : "v8";
}

function lookOf({ name, variant, threads }: Row): Pick<Bar, "label" | "colour"> {
  if (name === "sabrewing") {
    const colour = Object.entries(COLOUR.ours).find(([ours]) => ours === variant)?.[1] ?? COLOUR.ours.f32;
    return { label: OUR_NAMES[variant] ?? variant, colour };
  }
  if (name === "onnxruntime-node") return { label: "onnxruntime, native", colour: COLOUR.native };
  if (name === "tfjs-backend-wasm") return { label: "TensorFlow.js, wasm", colour: COLOUR.web };
  if (threads === 1) return { label: "onnxruntime-web", colour: COLOUR.web };
  return { label: "onnxruntime-web, threads", colour: COLOUR.webThreads };
}

interface TextLook {
  readonly size: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly anchor?: "end";
}

function text(x: number, y: number, words: string, look: TextLook): string {
  const { size, weight = 400, colour = COLOUR.ink, anchor } = look;
  const end = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" fill="${colour}"${end}>${words}</text>`;
}

function showMs(ms: number): string {
  return ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
