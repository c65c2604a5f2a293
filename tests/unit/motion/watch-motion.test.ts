import { expect, test } from "vitest";
import type { Frame } from "../../../agent/camera/frame.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { watchMotion } from "../../../agent/motion/watch-motion.ts";
import { openScene } from "./scene.ts";

const MINUTE_MS = 60_000;

test("a clock that is set back makes the gate begin anew, not wait until that time comes again", async () => {
  const shoot = openScene(1);
  const frame = (timeMs: number): Frame => ({ camera: "door", sequence: 0, timeMs, ...shoot() });
  const frames = async function* () {
    for (let index = 0; index < 5; index++) yield frame(60 * MINUTE_MS + index * 200);
    for (let index = 0; index < 50; index++) yield frame(index * 200);
  };
  const calibrating: (boolean | undefined)[] = [];
  for await (const { motion } of watchMotion(frames(), MotionSchema.parse({}))) {
    calibrating.push(motion?.calibrating);
  }
  expect([calibrating[5], calibrating.at(-1)]).toEqual([true, false]);
});
