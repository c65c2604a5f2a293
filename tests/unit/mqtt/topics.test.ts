import { describe, expect, test } from "vitest";
import { jsonLine } from "../../../agent/mqtt/json-line.ts";
import {
  availability,
  cameraStatus,
  changedCounts,
  countTopic,
  snapshotMessage,
} from "../../../agent/mqtt/topics.ts";

describe("the topics", () => {
  test("availability and a camera's status are retained, with QoS 1", () => {
    expect(availability("frigate", "offline")).toEqual({
      topic: "frigate/available",
      payload: "offline",
      retain: true,
      qos: 1,
    });
    expect(cameraStatus("frigate", "door", "online")).toMatchObject({
      topic: "frigate/door/status",
      qos: 1,
      retain: true,
    });
  });

  test("only changed counts of the camera and its zones are published", () => {
    const people = (inView: number, active: number) => new Map([["person", { inView, active }]]);
    const before = new Map([
      ["door", people(1, 1)],
      ["porch", people(0, 0)],
    ]);
    const now = new Map([
      ["door", people(1, 0)],
      ["porch", people(1, 0)],
    ]);
    expect(changedCounts("s", before, now).map(({ topic, payload }) => `${topic} ${payload}`)).toEqual([
      "s/door/person/active 0",
      "s/porch/person 1",
    ]);
    expect(changedCounts("s", now, now)).toEqual([]);
  });

  test("counts of a zone or label that no longer exists become 0", () => {
    const count = { inView: 2, active: 1 };
    const before = new Map([
      ["door", new Map([["person", count]])],
      ["porch", new Map([["person", count]])],
    ]);
    const now = new Map([["door", new Map([["car", { inView: 0, active: 0 }]])]]);
    expect(changedCounts("s", before, now).map(({ topic, payload }) => `${topic} ${payload}`)).toEqual([
      ...["s/door/person 0", "s/door/person/active 0", "s/door/car 0", "s/door/car/active 0"],
      ...["s/porch/person 0", "s/porch/person/active 0"],
    ]);
  });

  test("a label is one level of a topic, with any characters", () => {
    expect(snapshotMessage("s", "door", "teddy bear", new Uint8Array()).topic).toBe(
      "s/door/teddy_bear/snapshot",
    );
    expect(snapshotMessage("s", "door", "a/b#+", new Uint8Array()).topic).toBe("s/door/a_b_/snapshot");
    for (const label of ["a\u0000b", "a\u009b\u202eb", "a\ufeff\u2028b", "a/../b", "a\ud800b"]) {
      expect(countTopic("s", "door", label)).toMatch(/^s\/door\/[a-z_.]+$/);
    }
    expect(countTopic("s", "door", "A".repeat(70_000))).toHaveLength(107);
  });

  test("a line for scripts contains a JSON payload as its value", () => {
    const message = (payload: string | Uint8Array) => ({
      topic: "t",
      payload,
      retain: false,
      qos: 0 as const,
    });
    expect(jsonLine(1500, message('{"a":1}'))).toBe('{"time":1.5,"topic":"t","payload":{"a":1}}');
    expect(jsonLine(0, message("2"))).toBe('{"time":0,"topic":"t","payload":2}');
    expect(jsonLine(0, message("online"))).toBe('{"time":0,"topic":"t","payload":"online"}');
    expect(jsonLine(0, message(Uint8Array.of(255, 216)))).toBe('{"time":0,"topic":"t","payload":"/9g="}');
  });
});
