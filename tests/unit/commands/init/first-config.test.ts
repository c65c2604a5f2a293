import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodedPart, splitAddress, withLogin } from "../../../../agent/base/address.ts";
import { UsageError } from "../../../../agent/base/errors.ts";
import { type FirstAnswers, firstConfig } from "../../../../agent/commands/init/first-config.ts";
import { cameraName, readBroker, readCameras } from "../../../../agent/commands/init/flags.ts";
import { loginOf, withLogins } from "../../../../agent/commands/init/logins.ts";
import { readEnvironmentFile } from "../../../../agent/config/environment-file.ts";
import { parseConfig } from "../../../../agent/config/load.ts";

const ANSWERS: FirstAnswers = {
  broker: { host: "broker.local", tls: false },
  model: "/models/m.wasm",
  track: ["person"],
  homeAssistant: false,
  snapshots: false,
  viewToken: undefined,
  cameras: [{ name: "door", address: "rtsp://10.0.0.7/stream2", size: { width: 640, height: 360 } }],
};

function caught(act: () => unknown): UsageError {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error("expected a UsageError");
}

/** The configuration that the agent reads from the two files. */
function loaded(answers: Partial<FirstAnswers>) {
  const { yaml, secrets } = firstConfig({ ...ANSWERS, ...answers });
  return {
    yaml,
    secrets,
    config: parseConfig(yaml, "sabrewing.yml", readEnvironmentFile(secrets).variables),
  };
}

describe("a first configuration", () => {
  test("is a valid configuration, and has no secrets if there are none", () => {
    const { config, secrets } = loaded({});
    expect(secrets).toBe("");
    expect(config.cameras).toMatchObject([
      { name: "door", detect: { fps: 5 }, snapshots: { enabled: false }, objects: { track: ["person"] } },
    ]);
    expect(config.cameras[0]?.detect.width).toBeUndefined();
    expect(config.mqtt).toMatchObject({ host: "broker.local", port: 1883, tls: false });
  });

  test.each(["plain", "p@ss/w#rd?", "$HOME {X} %41", "it's", 'say "so"', " spaces ", "ümläut"])(
    "keeps the password %j out of the YAML, and the agent reads it back",
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

  test("has a variable for each password, even if two camera names lead to the same one", () => {
    const cameras = ["front-door", "front_door", "7"].map((name, index) => ({
      name,
      address: `rtsp://me:secret${index}@10.0.0.7/1`,
    }));
    const { config } = loaded({ cameras });
    const paths = config.cameras.map(({ ffmpeg }) => ffmpeg.inputs[0].path);
    expect(paths.toSorted()).toEqual(cameras.map(({ address }) => address).toSorted());
  });

  test("publishes snapshots and serves the live view only if they were asked for, with its token among the secrets", () => {
    const off = loaded({}).config;
    expect([off.cameras[0]?.snapshots.enabled, off.view.enabled]).toEqual([false, false]);
    const viewToken = "0123456789abcdef0123";
    const { yaml, config } = loaded({ snapshots: true, viewToken });
    expect([config.cameras[0]?.snapshots.enabled, config.view.enabled]).toEqual([true, true]);
    expect([yaml.includes(viewToken), config.view.token]).toEqual([false, viewToken]);
  });

  test("scales large frames down and keeps their aspect ratio", () => {
    const size = { width: 2560, height: 1920 };
    const { config } = loaded({ cameras: [{ name: "door", address: "rtsp://a/1", size }] });
    expect(config.cameras[0]?.detect).toMatchObject({ width: 1280, height: 960 });
  });

  test.each(["two\nlines", "a\u0000b", "\u009b31m", "\u007f"])("refuses the password %j", (password) => {
    expect(() => loaded({ broker: { host: "b", tls: false, user: "u", password } })).toThrow(
      /must not contain line breaks or other control characters/,
    );
  });

  test("keeps a password of any other characters out of the YAML, and the agent reads it back", () => {
    const typed = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
    const special = fc.string({ unit: fc.constantFrom(..."'\"\\$`#{}=; %/@:?ü🚪!*()A_"), minLength: 1 });
    const template = special.map((rest) => `{SABREWING_MQTT_PASSWORD}${rest}`);
    const passwords = fc.oneof(typed, special, template).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
    fc.assert(
      fc.property(passwords, passwords, passwords, (password, mqtt, user) => {
        const address = withLogin("rtsp://10.0.0.7/1", { user, password });
        const broker = { host: "b", tls: false, user, password: mqtt };
        const { yaml, config } = loaded({ broker, cameras: [{ name: "front-door", address }] });
        const read = splitAddress(config.cameras[0]?.ffmpeg.inputs[0].path ?? "");
        expect(decodedPart(read?.user ?? "")).toBe(user);
        expect(decodedPart(read?.password ?? "")).toBe(password);
        expect(config.mqtt).toMatchObject({ user, password: mqtt });
        // A password with both kinds of quotes is written in parts.
        const others = ["\u{10ffff}", "\u{10ffff}\"'"].map((other) => {
          const address = withLogin("rtsp://10.0.0.7/1", { user, password: other });
          const cameras = [{ name: "front-door", address }];
          return firstConfig({ ...ANSWERS, broker: { ...broker, password: other }, cameras }).yaml;
        });
        for (const secret of [password, mqtt, encodeURIComponent(password)]) {
          // A short secret, or a word of every such file, proves nothing.
          const isOfEveryFile = others.some((other) => other.includes(secret));
          if (secret.length >= 4 && !isOfEveryFile) expect(yaml).not.toContain(secret);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("keeps a user without a password, and passwords in an address's parameters, out of the YAML", () => {
    const cameras = [
      { name: "door", address: "rtsp://t0ken@10.0.0.7/1" },
      { name: "yard", address: "rtsp://10.0.0.8/s?user=admin&password=hunter2&channel=1" },
      { name: "barn", address: "rtsp://10.0.0.8/s?%70wd=hunter4&apikey=hunter5&x=hunter6&subtype=0" },
      { name: "gate", address: "rtsp://u:one@10.0.0.9/user=a_password=hunter3_channel=1.sdp?real" },
    ];
    const { yaml, config } = loaded({ cameras });
    expect(yaml).not.toMatch(/t0ken|hunter/);
    expect(yaml).toContain("&subtype=0");
    expect(config.cameras.map(({ ffmpeg }) => ffmpeg.inputs[0].path)).toEqual(
      cameras.map(({ address }) => address),
    );
  });

  test("keeps a placeholder in an answer as literal text: only placeholders written by a person are filled in", () => {
    const name = "{SABREWING_MQTT_PASSWORD}";
    const { yaml, config } = loaded({
      broker: { host: "b", tls: false, user: name, password: "hunter2" },
      model: `/models/${name}.wasm`,
      track: [name],
      cameras: [{ name: "door", address: `rtsp://10.0.0.7/${name}/x?${name}` }],
    });
    expect(JSON.stringify(config.cameras)).not.toContain("hunter2");
    expect(config.mqtt).toMatchObject({ user: name, password: "hunter2" });
    expect(config.model.path).toBe(`/models/${name}.wasm`);
    expect(config.cameras[0]?.objects.track).toEqual([name]);
    expect(config.cameras[0]?.ffmpeg.inputs[0].path).toBe(
      "rtsp://10.0.0.7/%7BSABREWING_MQTT_PASSWORD%7D/x?%7BSABREWING_MQTT_PASSWORD%7D",
    );
    expect(yaml.match(/\{SABREWING_MQTT_PASSWORD\}(?!":)/g)).toHaveLength(1);
  });

  test("quotes text that YAML or a terminal would interpret", () => {
    const { yaml, config } = loaded({ track: ["a: b\n# c", "\u001b[2J\u009b\u202e", "*x", "é"] });
    expect(config.cameras[0]?.objects.track).toEqual(["a: b\n# c", "\u001b[2J\u009b\u202e", "*x", "é"]);
    expect(yaml).not.toMatch(/[^\P{C}\n]/u);
  });

  test("refuses an address in which user, password and host are ambiguous", () => {
    const cameras = [{ name: "door", address: "rtsp://admin:p/ss@10.0.0.7/x" }];
    expect(() => loaded({ cameras })).toThrow(/told apart, received "rtsp:\/\/\*\*\*@10\.0\.0\.7\/x"/);
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

  test.each([
    ...[
      "http://b",
      "mqtt://",
      "cam:hunter2@",
      "cam:hun/ter2@b",
      "cam:1/hunter2@b",
      "mqtts://cam:hunter2#x@b",
    ],
    ...[
      "cam:hunter2",
      "mqtt://cam:hunter2/",
      "cam:hunter2@b/x",
      "cam:hun ter2@b",
      "cam:hunter2:x@b",
      "cam:hunter2@x@b",
      "cam:hunter2%@b",
    ],
  ])("refuses --broker %s and does not show its password", (text) => {
    expect(() => readBroker(text)).toThrow(/--broker: expected/);
    expect(() => readBroker(text)).not.toThrow(/hun|ter2/);
  });

  test("--camera collects the streams of one name", () => {
    expect(readCameras(["door=rtsp://a/1", "yard=RTSPS://b/1", "door=rtsp://a/2?x=1"])).toEqual([
      { name: "door", addresses: ["rtsp://a/1", "rtsp://a/2?x=1"] },
      { name: "yard", addresses: ["rtsps://b/1"] },
    ]);
  });

  test.each([
    ...["p/hunter2", "hun?ter2", "hun#ter2", "hun@ter2", "hun:ter2", "hun ter2", "12/hunter2", "%hunter2"],
  ])("refuses the unencoded password %s of --camera and does not show any part of it", (password) => {
    const problem = caught(() => readCameras([`door=rtsp://admin:${password}@10.0.0.7/x`]));
    expect(problem.message).toContain("--camera: expected an address in which user, password and host");
    expect(problem.message).not.toMatch(/hun|ter2/);
    expect(problem.remedy).toContain("write / as %2F");
    expect(problem.remedy).toContain("--camera-user");
  });

  test.each([
    ["rtsp://a/1", "NAME=rtsp://…", "letters, digits"],
    ["front door=rtsp://a/1", "NAME=rtsp://…", "letters, digits"],
    ["hunter2@x", "NAME=rtsp://…", "letters, digits"],
    ["admin:hunter2", "NAME=rtsp://…", "letters, digits"],
    ["door=http://a", "an address that starts with rtsp://", "web page"],
    ["door=rtsp://u:hunter2@a b", "an address without spaces", "%20"],
    ["door=rtsp://admin:hunter2", "a port from 1 to 65535", "the host is missing"],
    ["door=rtsp://h:hunter2/x", "a port from 1 to 65535", "the host is missing"],
    ["door=rtsp:/admin:hunter2", "two slashes after the colon", "rtsp://HOST/PATH"],
  ])("refuses --camera %s with the remedy for it, and does not show a password", (text, expected, remedy) => {
    const problem = caught(() => readCameras([text]));
    expect(problem.message).toContain(`--camera: expected ${expected}`);
    expect(problem.message).not.toMatch(/hun|ter2/);
    expect(problem.remedy).toContain(remedy);
  });

  test("adds the login of --camera-user to addresses without a user, and asks for missing passwords", async () => {
    const addresses = ["rtsp://a/1", "rtsp://me@a/2", "rtsp://u:p@a/3", "rtsp://me@a/4"];
    const asked: string[] = [];
    const ask = async (user: string) => {
      asked.push(user);
      return "p/ss";
    };
    const login = { user: "admin", password: "@" };
    expect(await withLogins([{ name: "door", addresses }], login, ask)).toEqual([
      {
        name: "door",
        addresses: ["rtsp://admin:%40@a/1", "rtsp://me:p%2Fss@a/2", "rtsp://u:p@a/3", "rtsp://me:p%2Fss@a/4"],
      },
    ]);
    expect(asked).toEqual(["me"]);
  });

  test("takes a password from the environment, else from a prompt, else fails", async () => {
    const ask = async () => "asked";
    expect(await loginOf("u", "X", { env: { X: "set" }, ask })).toEqual({ user: "u", password: "set" });
    expect(await loginOf("u", "X", { env: {}, ask })).toEqual({ user: "u", password: "asked" });
    await expect(loginOf("u", "X", { env: {}, ask: undefined })).rejects.toThrow(/password of u is missing/);
    expect(await loginOf(undefined, "X", { env: {}, ask })).toBeUndefined();
  });

  test("makes a unique name from any camera name", () => {
    expect(cameraName("IPC-HFW 2831 (Door)", [])).toBe("ipc-hfw_2831_door");
    expect(cameraName("Door", ["door", "door_2"])).toBe("door_3");
    expect(cameraName("門", [])).toBe("camera");
    expect(cameraName("A".repeat(20_000_000), [])).toHaveLength(40);
  });
});
