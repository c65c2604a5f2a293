import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { type FirstAnswers, firstConfig } from "../../../agent/commands/first-config.ts";
import { cameraName, readBroker, readCameras } from "../../../agent/commands/init-flags.ts";
import { parseConfig } from "../../../agent/config/load.ts";

const ANSWERS: FirstAnswers = {
  broker: { host: "broker.local", tls: false },
  model: "/models/m.wasm",
  track: ["person"],
  homeAssistant: false,
  cameras: [{ name: "door", address: "rtsp://10.0.0.7/stream2", size: { width: 640, height: 360 } }],
};

/** What the agent makes of the two files. */
function loaded(answers: Partial<FirstAnswers>) {
  const { yaml, secrets } = firstConfig({ ...ANSWERS, ...answers });
  return { yaml, secrets, config: parseConfig(yaml, "sabrewing.yml", parseEnv(secrets)) };
}

describe("a first configuration", () => {
  test("is what the agent reads, and needs no secrets where there are none", () => {
    const { config, secrets } = loaded({});
    expect(secrets).toBe("");
    expect(config.cameras).toMatchObject([
      { name: "door", detect: { fps: 5 }, snapshots: { enabled: false }, objects: { track: ["person"] } },
    ]);
    expect(config.cameras[0]?.detect.width).toBeUndefined();
    expect(config.mqtt).toMatchObject({ host: "broker.local", port: 1883, tls: false });
  });

  test("has the filters that its model wants, for each label", () => {
    const { config } = loaded({ track: ["person", "car"], filters: { minScore: 0.4, threshold: 0.5 } });
    const { filters } = config.cameras[0]?.objects ?? {};
    expect(filters).toMatchObject({
      person: { min_score: 0.4, threshold: 0.5 },
      car: { min_score: 0.4, threshold: 0.5 },
    });
  });

  test.each(["plain", "p@ss/w#rd?", "$HOME {X} %41", "it's", 'say "so"', " spaces ", "ümläut"])(
    "keeps the password %j apart, and gets it back",
    (password) => {
      const address = `rtsp://me:${encodeURIComponent(password)}@10.0.0.7/1`;
      const broker = { host: "b", tls: true, user: "cam", password };
      const { yaml, config } = loaded({ broker, cameras: [{ name: "front-door", address }] });
      expect(yaml).not.toContain(password === "plain" ? "plain" : encodeURIComponent(password));
      expect(yaml).toContain("{FRONT_DOOR_PASSWORD}");
      expect(config.mqtt).toMatchObject({ user: "cam", password, port: 8883 });
      const read = config.cameras[0]?.ffmpeg.inputs[0].path ?? "";
      expect(decodeURIComponent(new URL(read).password)).toBe(password);
    },
  );

  test("has a variable for each password, also where two cameras want the same", () => {
    const cameras = ["front-door", "front_door", "7"].map((name, index) => ({
      name,
      address: `rtsp://me:secret${index}@10.0.0.7/1`,
    }));
    const { config } = loaded({ cameras });
    const paths = config.cameras.map(({ ffmpeg }) => ffmpeg.inputs[0].path);
    expect(paths.toSorted()).toEqual(cameras.map(({ address }) => address).toSorted());
  });

  test("scales a large picture down, its shape kept", () => {
    const size = { width: 2560, height: 1920 };
    const { config } = loaded({ cameras: [{ name: "door", address: "rtsp://a/1", size }] });
    expect(config.cameras[0]?.detect).toMatchObject({ width: 1280, height: 960 });
  });

  test("a password that no file of variables can hold is refused", () => {
    expect(() => loaded({ broker: { host: "b", tls: false, user: "u", password: `'"` } })).toThrow(
      /cannot be kept/,
    );
  });
});

describe("flags", () => {
  test.each([
    ["broker.local", { host: "broker.local", tls: false }],
    ["10.0.0.1:1884", { host: "10.0.0.1", port: 1884 }],
    ["cam:p%40ss@b", { host: "b", user: "cam", password: "p@ss" }],
    ["mqtts://[::1]:8883", { host: "::1", tls: true, port: 8883 }],
  ])("--broker %s", (text, broker) => {
    expect(readBroker(text)).toMatchObject(broker);
  });

  test.each(["http://b", "mqtt://", "cam:hunter2@"])(
    "--broker %s is none, and no password is told",
    (text) => {
      expect(() => readBroker(text)).toThrow(/--broker: expected/);
      expect(() => readBroker(text)).not.toThrow(/hunter2/);
    },
  );

  test("--camera collects the streams of one name", () => {
    expect(readCameras(["door=rtsp://a/1", "yard=rtsps://b/1", "door=rtsp://a/2?x=1"])).toEqual([
      { name: "door", addresses: ["rtsp://a/1", "rtsp://a/2?x=1"] },
      { name: "yard", addresses: ["rtsps://b/1"] },
    ]);
  });

  test.each(["rtsp://a/1", "front door=rtsp://a/1", "door=http://a", "door=rtsp://u:hunter2@a b"])(
    "--camera %s is none, and no password is told",
    (text) => {
      expect(() => readCameras([text])).toThrow(/--camera: expected NAME=/);
      expect(() => readCameras([text])).not.toThrow(/hunter2/);
    },
  );

  test("whatever a camera calls itself becomes a name of its own", () => {
    expect(cameraName("IPC-HFW 2831 (Door)", [])).toBe("ipc-hfw_2831_door");
    expect(cameraName("Door", ["door", "door_2"])).toBe("door_3");
    expect(cameraName("門", [])).toBe("camera");
  });
});
