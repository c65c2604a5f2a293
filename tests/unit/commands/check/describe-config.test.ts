import { expect, test } from "vitest";
import { describeConfig } from "../../../../agent/commands/check/describe-config.ts";
import { parseConfig } from "../../../../agent/config/load.ts";
import { SMALLEST_CONFIG } from "../../../support/agent/config-mistakes.ts";

test("a configuration in which no camera is enabled gets advice, because the agent would watch nothing", () => {
  const describe = (text: string) =>
    describeConfig({ config: parseConfig(text, "a.yml", {}), file: "a.yml" });
  const yard = '  yard: {enabled: false, ffmpeg: {inputs: [{path: "rtsp://10.0.0.8/1"}]}}\n';
  expect(describe(`${SMALLEST_CONFIG}${yard}`)).toEqual({ words: "a.yml" });
  const [advice] = describe(`${SMALLEST_CONFIG}    enabled: false\n${yard}`).advice ?? [];
  expect(advice?.message).toContain("no camera is enabled");
});
