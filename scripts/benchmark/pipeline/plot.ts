import { type Bar, barChart, COLOUR, ourLook } from "../bar-chart.ts";
import type { Capacity } from "./capacity.ts";
import type { ContestantName, Row } from "./row.ts";

/** Width of `Sabrewing f32, FMA 640×640`. */
const LABEL_WIDTH = 216;
/** Width of a note: `62 % lost`. */
const NOTE_WIDTH = 72;

/**
 * Draws two panels for each number of cameras: CPU time and latency.
 * @param machine CPU and Node, for the footnote
 * @returns an SVG document
 */
export function plot(rows: readonly Row[], machine: string): string {
  const panels = [...new Set(rows.map(({ cameras }) => cameras))].flatMap((cameras) => {
    const here = rows.filter((row) => row.cameras === cameras);
    const all = cameras === 1 ? "1 camera" : `${cameras} cameras`;
    return [
      { title: `${all}: CPU seconds per camera and minute`, bars: sorted(here.map(cpuBar)) },
      { title: `${all}: milliseconds to the message, p95`, bars: sorted(here.flatMap(latencyBars)) },
    ];
  });
  return barChart({
    title: "From cameras to messages",
    subtitle:
      "Shorter is better, unless frames were lost. The scripts run the model on every frame at 5 fps.",
    panels,
    labelWidth: LABEL_WIDTH,
    noteWidth: NOTE_WIDTH,
    footnote: `Playing ${scenes(rows)}, decoding included. ${machine}.`,
  });
}

/** Draws how many cameras each contestant can watch. @returns an SVG document */
export function capacityPlot(capacities: readonly Capacity[], machine: string): string {
  const tolerance = Math.max(0, ...capacities.map(({ tolerance_percent }) => tolerance_percent));
  const losing = tolerance === 0 ? "a frame" : `more than ${tolerance} % of the frames`;
  const bars = capacities.map((row): Bar => {
    const { capacity, limited } = row;
    return {
      ...barLook(row),
      value: capacity,
      figure: `${limited ? "≥ " : ""}${capacity}`,
      note: "",
    };
  });
  return barChart({
    title: "Cameras at 5 frames per second",
    subtitle: `The largest number watched without losing ${losing}. Longer is better.`,
    panels: [{ title: "cameras", bars: bars.toSorted((a, b) => b.value - a.value) }],
    labelWidth: LABEL_WIDTH,
    noteWidth: 0,
    footnote: `Playing ${scenes(capacities)}, decoding included. ${machine}.`,
  });
}

function cpuBar(row: Row): Bar {
  const { cpu_per_camera_minute: seconds, lost_percent: lost } = row;
  return { ...barLook(row), value: seconds, figure: seconds.toFixed(1), note: lostNote(lost) };
}

function latencyBars(row: Row): Bar[] {
  const { latency_p95_ms: ms, lost_percent: lost } = row;
  if (ms === undefined) return [];
  return [{ ...barLook(row), value: ms, figure: `${ms}`, note: lostNote(lost) }];
}

function lostNote(percent: number): string {
  return percent < 0.5 ? "" : `${percent.toFixed(0)} % lost`;
}

function barLook({ name, variant, size }: ContestantName): Pick<Bar, "label" | "colour" | "isOurs"> {
  const isOurs = name === "sabrewing";
  const shown = (words: string) => `${words} ${size?.replace("x", "×") ?? ""}`.trimEnd();
  if (isOurs) {
    const { label, colour } = ourLook(variant ?? "");
    return { label: shown(label), colour, isOurs };
  }
  const isSmall = size !== "640x640";
  if (name === "onnxruntime-web") {
    return { label: shown("onnxruntime-web"), colour: isSmall ? COLOUR.webLighter : COLOUR.web, isOurs };
  }
  if (name === "onnxruntime-node") {
    return {
      label: shown("onnxruntime native"),
      colour: isSmall ? COLOUR.nativeLighter : COLOUR.native,
      isOurs,
    };
  }
  return { label: "ffmpeg, only decoding", colour: COLOUR.decoding, isOurs };
}

function sorted(bars: readonly Bar[]): Bar[] {
  return bars.toSorted((a, b) => a.value - b.value);
}

function scenes(rows: readonly { readonly scene: string }[]): string {
  return [...new Set(rows.map(({ scene }) => scene))].join(", ");
}
