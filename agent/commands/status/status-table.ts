import { plainValue } from "../../base/plain-text.ts";
import { type Report, ReportSchema } from "../../health/report.ts";

export interface TableStyle {
  /** With ANSI colours. */
  readonly colour: boolean;
  /** Unix time in milliseconds: the table shows the age of events. */
  readonly nowMs: number;
}

type Camera = Report["cameras"][number];
type Paint = (text: string) => string;

interface Paints {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warm: Paint;
  readonly faint: Paint;
  readonly strong: Paint;
}

/** Names and labels come from the module; there may be many cameras. */
const SHOWN = { text: 200, all: Number.POSITIVE_INFINITY };

/** A report for people: a line each for agent, detector and broker, then a table of cameras and the latest events. */
export function statusTable(received: Report, { colour, nowMs }: TableStyle): string {
  const report = ReportSchema.parse(plainValue(received, SHOWN));
  const paints = paintsOf(colour);
  const { strong, faint } = paints;
  const { version, pid, uptime, rss_mb, cameras, events } = report;
  return [
    `${strong("sabrewing")} ${version}  ${faint(`up ${lasting(uptime)}, ${rss_mb} MB, pid ${pid}`)}`,
    `${faint("detector")}  ${detectorLine(report.detector, paints)}`,
    `${faint("broker")}    ${brokerLine(report.broker, paints)}`,
    "",
    ...table(
      ["camera", "", "fps", "infer/s", "skipped", "motion", "in view"].map(strong),
      cameras.flatMap((camera) => cameraRows(camera, paints)),
    ),
    ...cameras.flatMap((camera) => outageLines(camera, nowMs, paints)),
    "",
    ...(events.length === 0
      ? [faint("no events yet")]
      : [strong("latest events"), ...eventRows(events, nowMs, paints)]),
  ].join("\n");
}

function detectorLine(
  { name, input, precision, runtime, ...figures }: Report["detector"],
  { bad }: Paints,
): string {
  const { inference_speed, frames, faults, restarts } = figures;
  const trouble = faults + restarts === 0 ? "" : bad(`, ${faults} faults, ${restarts} restarts`);
  return `${name} ${input} ${precision} in ${runtime}, ${inference_speed} ms per inference, ${frames} inferences${trouble}`;
}

function brokerLine(
  { address, connected, waiting, held_back: heldBack, dropped, damaged }: Report["broker"],
  { good, bad, warm }: Paints,
): string {
  const state = connected ? good("connected") : bad("disconnected");
  const queue = waiting === 0 ? "" : warm(`, ${waiting} waiting`);
  const held =
    heldBack === 0 ? "" : bad(`, ${heldBack} of them held back: the broker disconnects when it gets them`);
  const lost = dropped === 0 ? "" : bad(`, ${dropped} dropped`);
  const broken = damaged === 0 ? "" : bad(`, ${damaged} damaged and set aside`);
  return `${address} ${state}${queue}${held}${lost}${broken}`;
}

/** A row for the camera, then one for each zone. */
function cameraRows(camera: Camera, paints: Paints): readonly (readonly string[])[] {
  const { good, bad, warm, faint } = paints;
  const { name, enabled, online, camera_fps, expected_fps, detection_fps, skipped_fps, motion } = camera;
  const { connection_quality: quality, detection_enabled } = camera;
  const quiet = enabled ? bad("○ offline") : faint("○ switched off");
  const state = online ? (quality === "excellent" ? good("● online") : warm(`● ${quality}`)) : quiet;
  const moves = motion === null ? faint("–") : motion ? warm("moving") : faint("still");
  const figures = [
    `${camera_fps.toFixed(1)}${faint(`/${expected_fps}`)}`,
    detection_enabled ? detection_fps.toFixed(1) : warm("off"),
    skipped_fps === 0 ? faint("0") : warm(skipped_fps.toFixed(1)),
  ];
  const zones = Object.entries(camera.zones).map(([zone, counts]) => [
    faint(`  ${zone}`),
    "",
    "",
    "",
    "",
    "",
    inView(counts, paints),
  ]);
  return [[name, state, ...figures, moves, inView(camera.counts, paints)], ...zones];
}

/** Since when and why a camera is offline. */
function outageLines({ name, enabled, outage }: Camera, nowMs: number, { bad, faint }: Paints) {
  if (!enabled || outage === null) return [];
  const since = lasting(Math.max(0, Math.round(nowMs / 1000 - outage.since)));
  // The reason starts with the camera's name.
  const reason = outage.reason ?? `${name}: the camera has not answered yet`;
  const remedy = outage.remedy === null ? "" : faint(` → ${outage.remedy}`);
  return [`${bad(reason)}${remedy} ${faint(`(offline for ${since})`)}`];
}

function inView(counts: Readonly<Record<string, number>>, { strong, faint }: Paints): string {
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  return present.length === 0
    ? faint("–")
    : strong(present.map(([label, count]) => `${count} ${label}`).join(", "));
}

function eventRows(
  events: Report["events"],
  nowMs: number,
  { good, warm, faint }: Paints,
): readonly string[] {
  const paint = { new: good, update: warm, end: faint };
  return table(
    [],
    events.map(({ time, type, camera, label, score, zones }) => [
      faint(`${lasting(Math.max(0, Math.round(nowMs / 1000 - time)))} ago`),
      paint[type](type),
      camera,
      label,
      `${Math.round(score * 100)} %`,
      faint(zones.join(", ")),
    ]),
  );
}

/** Aligned columns, each as wide as its widest cell without colours. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = head.length === 0 ? rows : [head, ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))));
  return all.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
      .join("  ")
      .trimEnd(),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOURS = /\u001b\[\d+m/g;

function width(text: string): number {
  return text.replaceAll(COLOURS, "").length;
}

/** `3 d 4 h`, `4 h 5 min`, `5 min`, `6 s`. */
function lasting(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.round(seconds)} s`;
}

/** ECMA-48, SGR. */
function paintsOf(colour: boolean): Paints {
  const paint =
    (code: number): Paint =>
    (text) =>
      colour && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { good: paint(32), bad: paint(31), warm: paint(33), faint: paint(2), strong: paint(1) };
}
