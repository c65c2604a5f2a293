import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../../agent/base/errors.ts";
import type { CheckResult } from "../../../../agent/commands/check/finding.ts";
import { paceOf } from "../../../../agent/commands/check/try-model.ts";
import { verdictOf } from "../../../../agent/commands/check/verdict.ts";
import { isOfService } from "../../../../agent/commands/shared/start-command.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

const passed = (part: string): CheckResult => ({ part, finding: { words: "" }, error: undefined });
const advised = (part: string): CheckResult => ({
  part,
  finding: { words: "", advice: [{ message: "slow", remedy: "Hurry." }] },
  error: undefined,
});
const failed = (
  part: string,
  error: ConfigError | TransientError = new ConfigError("wrong", "Mend it."),
): CheckResult => ({
  part,
  finding: undefined,
  error,
});
const configuration = passed("configuration");
const away = new TransientError("away", "Wait.");

test.each([
  [[configuration, passed("broker")], "Everything works: start the agent with sabrewing run -c a.yml."],
  [
    [configuration, advised("model")],
    "Everything works, but the line marked with ! says what you should change; start the agent with sabrewing run -c a.yml.",
  ],
  [
    [configuration, failed("broker"), failed("camera door", away)],
    "2 of 3 components do not work (broker, camera door): follow the arrows above, then check again.",
  ],
  [
    [configuration, failed("camera door", away)],
    "1 of 2 components does not work (camera door): this may be temporary, and the agent retries.",
  ],
])("the verdict is one sentence: %#", (results, expected) => {
  expect(verdictOf(results, { start: "sabrewing run -c a.yml", isRunning: false })).toBe(expected);
});

test("the verdict says that the agent is running, or that it cannot start", () => {
  const running = { start: "sabrewing run -c a.yml", isRunning: true };
  expect(verdictOf([configuration], running)).toBe("Everything works, and the agent is running.");
  expect(verdictOf([failed("configuration")], undefined)).toBe(
    "The agent cannot start: correct the configuration first.",
  );
});

test("only the service is started by systemd, and only where systemd runs", async () => {
  await using folder = await temporaryFolder();
  const ofService = "/etc/sabrewing/sabrewing.yml";
  expect(isOfService(ofService, folder.path)).toBe(true);
  expect(isOfService(ofService, join(folder.path, "missing"))).toBe(false);
  expect(isOfService("sabrewing.yml", folder.path)).toBe(false);
});

test("the detector is too slow if the cameras ask for more frames than all its instances examine", () => {
  const enough = paceOf({ inferenceMs: 100, instances: 2, requestedFps: 20 });
  expect(enough.advice).toEqual([]);
  expect(enough.facts.speed).toEqual({
    inference_ms: 100,
    instances: 2,
    requested_fps: 20,
    possible_fps: 20,
  });
  const { advice } = paceOf({ inferenceMs: 100, instances: 1, requestedFps: 20 });
  expect(advice).toMatchObject([
    {
      message: expect.stringContaining("it examines 10 of 20 frames per second"),
      remedy: expect.stringContaining("Lower detect.fps to 50 %"),
    },
  ]);
});
