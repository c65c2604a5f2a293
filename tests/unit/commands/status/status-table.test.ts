import { expect, test } from "vitest";
import { statusTable } from "../../../../agent/commands/status/status-table.ts";
import type { Report } from "../../../../agent/health/report.ts";

const CAMERA = {
  name: "door",
  enabled: true,
  online: true,
  outage: null,
  connection_quality: "excellent",
  reconnects_last_hour: 0,
  detection_enabled: true,
  motion: true,
  camera_fps: 5,
  expected_fps: 5,
  skipped_fps: 0,
  detection_fps: 2.4,
  counts: { person: 2, car: 0, dog: 1 },
  zones: { porch: { person: 1 } },
};

const REPORT: Report = {
  version: "1.2.3",
  pid: 42,
  config_file: "/etc/sabrewing/sabrewing.yml",
  ports: { metrics: 9464, view: null },
  uptime: 93_784,
  rss_mb: 150,
  broker: { address: "broker:1883", connected: true, waiting: 0, held_back: 0, dropped: 0, damaged: 0 },
  detector: {
    name: "yolov5n",
    input: "320x320",
    precision: "i8",
    runtime: "wasmer",
    licence: "AGPL-3.0",
    inference_speed: 8.1,
    frames: 1000,
    faults: 0,
    restarts: 0,
  },
  cameras: [
    CAMERA,
    {
      ...CAMERA,
      name: "back_yard",
      online: false,
      camera_fps: 0,
      motion: null,
      counts: { car: 0 },
      zones: {},
    },
  ],
  events: [
    { time: 1000, type: "new", id: "1-a", camera: "door", label: "person", score: 0.876, zones: ["porch"] },
  ],
};

test("shows agent, detector, broker, cameras, zones and the latest events", () => {
  expect(statusTable(REPORT, { colour: false, nowMs: 1_065_000 })).toBe(
    `sabrewing 1.2.3  up 1 d 2 h, 150 MB, pid 42
detector  yolov5n 320x320 i8 in wasmer, 8.1 ms per inference, 1000 inferences
broker    broker:1883 connected

camera                fps    infer/s  skipped  motion  in view
door       ● online   5.0/5  2.4      0        moving  2 person, 1 dog
  porch                                                1 person
back_yard  ○ offline  0.0/5  2.4      0        –       –

latest events
1 min ago  new  door  person  88 %  porch`,
  );
});

test("shows faults, lost events and poor connections", () => {
  const troubled = {
    ...REPORT,
    broker: { address: "broker:1883", connected: false, waiting: 7, held_back: 1, dropped: 2, damaged: 3 },
    detector: { ...REPORT.detector, faults: 3, restarts: 1 },
    cameras: [{ ...CAMERA, connection_quality: "poor", skipped_fps: 1.5, detection_enabled: false }],
    events: [],
  };
  const text = statusTable(troubled, { colour: false, nowMs: 0 });
  expect(text).toContain(
    "disconnected, 7 waiting, 1 of them held back: the broker disconnects when it gets them, 2 dropped, 3 damaged and set aside",
  );
  expect(text).toContain("3 faults, 1 restarts");
  expect(text).toMatch(/door {5}● poor {2}5\.0\/5 {2}off {6}1\.5/);
  expect(text).toContain("no events yet");
});

test("shows since when and why a camera is offline", () => {
  const since = 940;
  const reason = "door: the camera refuses connections";
  const of = (outage: Report["cameras"][number]["outage"], enabled = true) =>
    statusTable(
      { ...REPORT, cameras: [{ ...CAMERA, enabled, online: false, outage }] },
      { colour: false, nowMs: 1_000_000 },
    );
  expect(of({ since, reason, remedy: "Check the port." })).toContain(
    "\ndoor: the camera refuses connections → Check the port. (offline for 1 min)\n",
  );
  expect(of({ since, reason: null, remedy: null })).toContain(
    "\ndoor: the camera has not answered yet (offline for 1 min)\n",
  );
  expect(of({ since, reason, remedy: null }, false)).not.toContain("offline");
});

test("colours do not change the columns", () => {
  const plain = statusTable(REPORT, { colour: false, nowMs: 1_065_000 });
  const coloured = statusTable(REPORT, { colour: true, nowMs: 1_065_000 });
  expect(coloured).toContain("\u001b[32m● online\u001b[0m");
  const start = String.fromCharCode(27);
  expect(coloured.replaceAll(new RegExp(`${start}\\[\\d+m`, "g"), "")).toBe(plain);
});

test("removes control characters from names, with and without colours", () => {
  const hostile = "\u001b]0;pwn\u0007\u009b31m\u202e\n✓ fake";
  const table = statusTable(
    {
      ...REPORT,
      detector: { ...REPORT.detector, name: hostile, licence: hostile },
      cameras: [{ ...CAMERA, counts: { [hostile]: 1 } }],
      events: REPORT.events.map((event) => ({ ...event, label: hostile })),
    },
    { colour: false, nowMs: 1_065_000 },
  );
  expect(table).toContain("pwn");
  expect(table.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test("a camera that is switched off is not shown as offline", () => {
  const off = { ...REPORT, cameras: [{ ...CAMERA, enabled: false, online: false }] };
  expect(statusTable(off, { colour: false, nowMs: 0 })).toMatch(/door +○ switched off/);
});
