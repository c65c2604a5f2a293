import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { InvalidConfig, parseConfig } from "../../../agent/config/load.ts";
import { PROGRAM } from "../../../scripts/packaging/contents.ts";
import { readRepositoryFile as read } from "../../support/packaging/shipped-packages.ts";

const STARTER = read("config/starter.yml");

describe("the package's configuration", () => {
  test("is invalid until broker and camera are filled in, and the errors name both", () => {
    let refusal: unknown;
    try {
      parseConfig(STARTER, "sabrewing.yml", {});
    } catch (error) {
      refusal = error;
    }
    if (!(refusal instanceof InvalidConfig)) throw new Error("expected the configuration to be rejected");
    expect(refusal.problems.map(({ key }) => key)).toEqual([
      "mqtt.host",
      "cameras.door.ffmpeg.inputs.0.path",
    ]);
  });

  test("is complete with these two lines, and names the package's detector", () => {
    const filled = STARTER.replace("host:", "host: broker.local").replace(
      "- path:",
      "- path: rtsp://10.0.0.7/1",
    );
    const config = parseConfig(filled, "sabrewing.yml", {});
    expect(config.model.path).toBe(`${PROGRAM}/models/mobilenet-512x512.wasm`);
    expect(config.cameras).toMatchObject([{ name: "door", objects: { track: ["person", "car"] } }]);
  });

  test("equals that of 0.1.0: with another one dpkg would ask in every upgrade", () => {
    expect(createHash("sha256").update(STARTER).digest("hex")).toBe(
      "2c290a72335129194f676483b11949db3467415abd15659fafe3b6e7571a8808",
    );
  });
});
