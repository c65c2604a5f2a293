import fc from "fast-check";
import { expect, test } from "vitest";
import { commandTopics, readCommand } from "../../../agent/mqtt/commands.ts";
import { SWITCHES } from "../../../agent/state/switches.ts";

const CAMERAS = ["door", "yard-2", "constructor"];
const PREFIX = "sabrewing";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const topic = fc.oneof(
  fc.constantFrom(...commandTopics(PREFIX, CAMERAS)),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "sabrewing/+/detect/set",
    "sabrewing/__proto__/detect/set",
    "sabrewing/door/detect/set/",
    "",
  ),
);
const payload = fc.oneof(
  fc.constantFrom("ON", "OFF", "on", "ON ", "ON\0", "", "true", "__proto__").map(bytes),
  fc.uint8Array({ maxLength: 2_000 }),
);

test("accepts only ON and OFF, not retained, on a camera's own topic, and explains any other message", () => {
  fc.assert(
    fc.property(topic, payload, fc.boolean(), (on, what, retained) => {
      const command = readCommand(PREFIX, CAMERAS, on, what, retained);
      const word = Buffer.from(what).toString("latin1");
      const target = CAMERAS.flatMap((camera) => SWITCHES.map((name) => ({ camera, name }))).find(
        ({ camera, name }) => on === `${PREFIX}/${camera}/${name}/set`,
      );
      if (target !== undefined && !retained && (word === "ON" || word === "OFF")) {
        expect(command).toEqual({ ...target, on: word === "ON" });
      } else {
        expect(command).toEqual({ problem: expect.any(String) });
      }
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

test("never produces a long line in the log", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000, size: "max" }), (what) => {
      const command = readCommand(PREFIX, CAMERAS, `${PREFIX}/door/detect/set`, what, false);
      if ("problem" in command) expect(command.problem.length).toBeLessThan(300);
    }),
    { seed: 1, numRuns: 30 },
  );
});
