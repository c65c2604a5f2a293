import { describe, expect, test } from "vitest";
import {
  type Command,
  commandTopics,
  detectState,
  type NoCommand,
  readCommand,
} from "../../../agent/mqtt/commands.ts";

const CAMERAS = ["door", "yard"];

describe("a command", () => {
  test("is heard on one topic per camera, without wildcards", () => {
    expect(commandTopics("home/sabrewing", CAMERAS)).toEqual([
      "home/sabrewing/door/detect/set",
      "home/sabrewing/yard/detect/set",
    ]);
  });

  test("switches a camera's detection on or off", () => {
    expect(read("sabrewing/door/detect/set", "OFF")).toEqual({ camera: "door", detect: false });
    expect(read("sabrewing/yard/detect/set", "ON")).toEqual({ camera: "yard", detect: true });
  });

  test.each(["", "on", "ON ", "1", "true", '{"state":"ON"}', "ON\u0000"])("%j is none", (payload) => {
    expect(read("sabrewing/door/detect/set", payload)).toEqual({
      problem: expect.stringContaining("sabrewing/door/detect/set: expected ON or OFF, received"),
    });
  });

  test("that a hostile broker makes up is shown clean and short", () => {
    const { problem } = read("sabrewing/door/detect/set", "\u001b[2J\u009b\u202e");
    expect(problem).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const elsewhere = read(`\u001b[2J${"a".repeat(65_000)}`, "ON");
    expect(elsewhere.problem).toMatch(/^nothing is expected on �\[2Ja{195}…$/);
  });

  test("of a megabyte is not shown in full", () => {
    const { problem } = read("sabrewing/door/detect/set", "x".repeat(1_000_000));
    expect(problem).toContain("received 1000000 bytes");
    expect(problem?.length).toBeLessThan(120);
  });

  test.each(["sabrewing/garage/detect/set", "sabrewing/door/motion/set", "frigate/door/detect/set"])(
    "on %s is none",
    (topic) => {
      expect(read(topic, "ON")).toEqual({ problem: `nothing is expected on ${topic}` });
    },
  );

  test("that the broker kept is an old one and does nothing", () => {
    expect(read("sabrewing/door/detect/set", "OFF", true).problem).toContain("publish it without retain");
  });
});

test("the state is kept by the broker", () => {
  expect(detectState("sabrewing", "door", false)).toEqual({
    topic: "sabrewing/door/detect/state",
    payload: "OFF",
    retain: true,
    qos: 1,
  });
});

function read(topic: string, payload: string, retained = false): Partial<Command & NoCommand> {
  return readCommand("sabrewing", CAMERAS, topic, Buffer.from(payload), retained);
}
