import { describe, expect, test } from "vitest";
import {
  type Command,
  commandTopics,
  type InvalidCommand,
  readCommand,
  switchState,
} from "../../../agent/mqtt/commands.ts";
import { SWITCHES } from "../../../agent/state/switches.ts";

const CAMERAS = ["door", "yard"];

describe("a command", () => {
  test("has one topic per camera and switch, without wildcards", () => {
    expect(commandTopics("home/sabrewing", CAMERAS)).toEqual([
      "home/sabrewing/door/enabled/set",
      "home/sabrewing/door/detect/set",
      "home/sabrewing/door/motion/set",
      "home/sabrewing/door/snapshots/set",
      "home/sabrewing/yard/enabled/set",
      "home/sabrewing/yard/detect/set",
      "home/sabrewing/yard/motion/set",
      "home/sabrewing/yard/snapshots/set",
    ]);
  });

  test.each(SWITCHES)("sets the switch %s of a camera on or off", (name) => {
    expect(read(`sabrewing/door/${name}/set`, "OFF")).toEqual({ camera: "door", name, on: false });
    expect(read(`sabrewing/yard/${name}/set`, "ON")).toEqual({ camera: "yard", name, on: true });
  });

  test.each(["", "on", "ON ", "1", "true", '{"state":"ON"}', "ON\u0000"])("%j is invalid", (payload) => {
    expect(read("sabrewing/door/detect/set", payload)).toEqual({
      problem: expect.stringContaining("sabrewing/door/detect/set: expected ON or OFF, received"),
    });
  });

  test("from a hostile broker is quoted clean and short", () => {
    const { problem } = read("sabrewing/door/detect/set", "\u001b[2J\u009b\u202e");
    expect(problem).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const elsewhere = read(`\u001b[2J${"a".repeat(65_000)}`, "ON");
    expect(elsewhere.problem).toMatch(/^received a message on the unexpected topic �\[2Ja{195}…$/);
  });

  test("of a megabyte is quoted in part", () => {
    const { problem } = read("sabrewing/door/detect/set", "x".repeat(1_000_000));
    expect(problem).toContain("received 1000000 bytes");
    expect(problem?.length).toBeLessThan(120);
  });

  test.each(["sabrewing/garage/detect/set", "sabrewing/door/record/set", "frigate/door/detect/set"])(
    "on %s is invalid",
    (topic) => {
      expect(read(topic, "ON")).toEqual({ problem: `received a message on the unexpected topic ${topic}` });
    },
  );

  test("that the broker retained is ignored", () => {
    expect(read("sabrewing/door/detect/set", "OFF", true).problem).toContain("publish it without retain");
  });
});

test("the state is a retained message", () => {
  expect(switchState("sabrewing", "door", "detect", false)).toEqual({
    topic: "sabrewing/door/detect/state",
    payload: "OFF",
    retain: true,
    qos: 1,
  });
});

function read(topic: string, payload: string, retained = false): Partial<Command & InvalidCommand> {
  return readCommand("sabrewing", CAMERAS, topic, Buffer.from(payload), retained);
}
