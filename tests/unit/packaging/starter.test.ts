import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";
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

  // dpkg asks at an upgrade if both the administrator and the package have changed a configuration file. So once a version is
  // released, this file must not change without need. (0.1.0 was never released: its wording could still be improved.)
  test("is unchanged: with another one dpkg would ask in every upgrade", () => {
    expect(createHash("sha256").update(STARTER).digest("hex")).toBe(
      "c1de47e25a4a85fc864d684300b1a59e3a563c6e3bad38e1a46be71e21b60636",
    );
  });
});
