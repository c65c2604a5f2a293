import { expect, test } from "vitest";
import { CONSTANT_FIELDS, type EventMessage, type ObjectEvent } from "../../../agent/events/event.ts";
import { parseBrokerUrl } from "../../../scripts/demonstration/broker.ts";
import { eventLine } from "../../../scripts/demonstration/event-line.ts";
import { logLine } from "../../../scripts/demonstration/log-line.ts";
import { startCounters } from "../../../scripts/demonstration/summary.ts";

const seen: ObjectEvent = {
  id: "1763794800.5-abc123",
  camera: "demo",
  label: "person",
  frame_time: new Date(2026, 10, 22, 7, 0, 2).getTime() / 1000,
  start_time: new Date(2026, 10, 22, 7, 0, 0).getTime() / 1000,
  end_time: null,
  score: 0.714,
  top_score: 0.88,
  false_positive: false,
  box: [10.2, 20.6, 30, 40],
  area: 380,
  ratio: 1,
  region: [0, 0, 768, 432],
  current_zones: [],
  entered_zones: [],
  max_severity: "alert",
  pending_loitering: false,
  active: true,
  stationary: false,
  motionless_count: 0,
  position_changes: 1,
  has_snapshot: false,
  snapshot: null,
  ...CONSTANT_FIELDS,
  detector: {
    name: "yolov5n",
    sha256: "00",
    licence: "MIT",
    precision: "f32",
    runtime: "wasmer",
    inference_ms: 20,
  },
  revision: 1,
};

function message(type: EventMessage["type"], after: Partial<ObjectEvent> = {}) {
  const payload: EventMessage = { type, before: seen, after: { ...seen, ...after } };
  return {
    time: 1,
    topic: "sabrewing/events",
    payload: Buffer.from(JSON.stringify(payload)),
    retained: false,
  };
}

test("a line has time, type, camera, label, score and box", () => {
  expect(eventLine({ type: "new", before: seen, after: seen })).toBe(
    "07:00:02  ● new     demo  person    71 %  box 10 21 30 40",
  );
});

test("the line of an end has the best score and the time in view", () => {
  const after = { ...seen, end_time: seen.start_time + 13.24 };
  expect(eventLine({ type: "end", before: seen, after })).toMatch(
    /^07:00:13 {2}■ end .* 88 % .* 13\.2 s in view$/,
  );
});

test("the summary counts new objects by label, and the inferences of the latest statistics", () => {
  const counters = startCounters("sabrewing");
  const stats = (frames: number) => ({
    time: 1,
    topic: "sabrewing/stats",
    payload: Buffer.from(JSON.stringify({ detectors: { a: { frames }, b: { frames: 1 } } })),
    retained: false,
  });
  for (const each of [
    message("new"),
    message("update"),
    message("end"),
    message("new"),
    stats(5),
    stats(9),
  ]) {
    counters.add(each);
  }
  counters.add(message("new", { label: "dog" }));
  expect(counters.summary()).toEqual({ frames: 10, events: { person: 2, dog: 1 } });
});

test("only warnings, errors and lines that are not JSON are shown of the agent's log", () => {
  expect(logLine('{"level":"info","msg":"started"}')).toBeUndefined();
  expect(logLine('{"level":"warn","msg":"no frame","remedy":"Check the cable."}')).toBe(
    "agent: no frame. Check the cable.",
  );
  expect(logLine("Segmentation fault")).toBe("agent: Segmentation fault");
});

test("a broker's URL has a host and may have a port, a user and a password", () => {
  expect(parseBrokerUrl("mqtt://10.0.0.2")).toEqual({ host: "10.0.0.2", port: 1883 });
  expect(parseBrokerUrl("mqtt://cam:p%40ss@[::1]:1884")).toEqual({
    host: "::1",
    port: 1884,
    user: "cam",
    password: "p@ss",
  });
  expect(() => parseBrokerUrl("10.0.0.2")).toThrow("expected mqtt://");
  expect(() => parseBrokerUrl("https://10.0.0.2")).toThrow('received "https://…"');
});
