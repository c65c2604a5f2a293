import { expect, test } from "vitest";
import type { Capacity } from "../../../../scripts/benchmark/pipeline/capacity.ts";
import { capacityPlot, plot } from "../../../../scripts/benchmark/pipeline/plot.ts";
import { toRow } from "../../../../scripts/benchmark/pipeline/row.ts";
import { capacityTable, progressLine, table } from "../../../../scripts/benchmark/pipeline/table.ts";
import { decodingRow, row } from "./rows.ts";

const decoding = decodingRow();
const observed = {
  seconds: 30,
  ownCpuSeconds: 6,
  childCpuSeconds: 2,
  totals: { seen: 590, gated: 400, looked: 180, skipped: 10, regions: 200, missed: 10 },
  latenciesMs: [30, 10, 20],
  rssBytes: 250e6,
  machineBusy: 0.25,
};

test("a row has CPU time per camera and minute, lost frames, and latencies", () => {
  const agent = {
    name: "sabrewing",
    runtime: "wasmer",
    variant: "i8",
    size: { width: 640, height: 384 },
    modulePath: "",
  } as const;
  expect(toRow(agent, { scene: "person", cameras: 4 }, observed, decoding)).toMatchObject({
    size: "640x384",
    cpu_per_camera_minute: 4,
    cpu_own: 3,
    cpu_children: 1,
    vs_ffmpeg: 2,
    inferred: 180,
    lost_percent: 3.33,
    latency_p50_ms: 20,
    latency_p95_ms: 30,
    machine_busy_percent: 25,
  });
});

test("a row without messages has no latency", () => {
  const silent = toRow({ name: "ffmpeg" }, { scene: "still", cameras: 1 }, { ...observed, latenciesMs: [] });
  expect(silent).not.toHaveProperty("latency_p95_ms");
  expect(silent).not.toHaveProperty("vs_ffmpeg");
});

test("the table leaves cells empty that decoding alone does not have", () => {
  const [head, theirs, ours] = table([decoding, row({ vs_ffmpeg: 1.5 })]).split("\n");
  expect(head).toMatch(/CPU s\/min.*vs ffmpeg.*dropped.*p95 ms/);
  expect(theirs).toMatch(/^ffmpeg +1 +2\.0 +2\.0 +300 +250 +30 %$/);
  expect(ours).toMatch(/^sabrewing +wasmer +i8 +320x320 +1 +3\.0 +2\.0 +1\.50× +300 +200 +100 +0 +0 /);
  expect(progressLine(row({ cameras: 2 }))).toBe(
    "2 × sabrewing wasmer i8 320x320: 3 CPU s/min, 0 % lost, p95 60 ms",
  );
});

test("the plot draws CPU time and latency for each number of cameras, and shows lost frames", () => {
  const {
    engine: _,
    variant: __,
    ...script
  } = row({
    name: "onnxruntime-web",
    size: "640x640",
    cameras: 2,
    cpu_per_camera_minute: 29.4,
    lost_percent: 62,
  });
  const svg = plot([decoding, row(), script], "A CPU");
  for (const words of [
    "1 camera: CPU",
    "2 cameras: milliseconds",
    "Sabrewing i8 320×320",
    "29.4",
    "62 % lost",
  ]) {
    expect(svg).toContain(words);
  }
  expect(svg.indexOf(">ffmpeg, only decoding<")).toBeLessThan(svg.indexOf(">Sabrewing i8 320×320<"));
});

const capacity = (over: Partial<Capacity>): Capacity => ({
  scene: "person",
  name: "sabrewing",
  engine: "wasmer",
  variant: "i8",
  size: "320x320",
  capacity: 12,
  tolerance_percent: 0,
  limited: false,
  most_inferred_per_second: 20,
  ...over,
});

test("capacities are compared with those of the scripts in WebAssembly, including a capacity of 0", () => {
  const web = { name: "onnxruntime-web", engine: "wasm" } as const;
  const all = [
    capacity({}),
    capacity({ ...web, size: "640x640", capacity: 0 }),
    capacity({ ...web, size: "320x320", capacity: 2 }),
  ];
  const [, ours, large] = capacityTable(all).split("\n");
  expect(ours).toMatch(/ 12 +20\.0 +12 : 0 +6\.00×$/);
  expect(large).toMatch(/ 0 +20\.0 +0\.00×$/);
  const svg = capacityPlot(all, "A CPU");
  expect(svg.indexOf("Sabrewing i8")).toBeLessThan(svg.indexOf("onnxruntime-web"));
  expect(svg).toContain("without losing a frame.");
  expect(capacityPlot([capacity({ tolerance_percent: 1 })], "A CPU")).toContain(
    "more than 1 % of the frames",
  );
});
