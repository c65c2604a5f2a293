import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { loadConfig, parseConfig } from "../../../agent/config/load.ts";

const SMALLEST = `mqtt: {host: broker}
model: {path: /models/m.wasm}
cameras:
  door:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/stream2"}]}
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The mistakes in this text, one line each, without the file's name. */
function mistakes(text: string, env = {}): string[] {
  try {
    parseConfig(text, "sabrewing.yml", env);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`);
  }
  return [];
}

const REVIEW_DEFAULTS = {
  alerts: { enabled: true, labels: ["person", "car"], required_zones: [], cutoff_time: 40 },
  detections: { enabled: true, required_zones: [], cutoff_time: 30 },
};

test("fills in every default of the smallest configuration", () => {
  const config = parseConfig(SMALLEST, "sabrewing.yml", {});
  expect(config).toEqual({
    mqtt: {
      host: "broker",
      port: 1883,
      tls: false,
      tls_insecure: false,
      client_id: "sabrewing",
      topic_prefix: "sabrewing",
      stats_interval: 60,
    },
    model: { path: "/models/m.wasm", precision: "auto" },
    detector: { runtime: "wasmer", instances: "auto", deadline_ms: 2000, memory_mb: 1024 },
    homeassistant: { enabled: false, discovery_prefix: "homeassistant" },
    metrics: { enabled: false, host: "127.0.0.1", port: 9464, allowed_hosts: [] },
    view: {
      enabled: false,
      host: "127.0.0.1",
      port: 5080,
      allowed_hosts: [],
      allow_config_changes: false,
    },
    events: { retain_days: 14, max_mb: 200 },
    cameras: [
      {
        name: "door",
        enabled: true,
        ffmpeg: {
          inputs: [{ path: "rtsp://10.0.0.7/stream2", transport: "auto" }],
          hwaccel_args: [],
          retry_interval: 10,
          frozen_after: 60,
        },
        rotate: 0,
        detect: {
          enabled: true,
          fps: 5,
          idle: "auto",
          min_initialized: 2,
          max_disappeared: 25,
          stationary: { threshold: 50, interval: 50 },
        },
        motion: {
          enabled: true,
          threshold: 30,
          contour_area: 10,
          improve_contrast: true,
          lightning_threshold: 0.8,
          delta_alpha: 0.2,
          frame_alpha: 0.01,
          frame_height: 100,
          mqtt_off_delay: 30,
          mask: [],
        },
        objects: { track: ["person"], mask: [], filters: {} },
        zones: [],
        snapshots: { enabled: false, retain_days: 10 },
        review: REVIEW_DEFAULTS,
      },
    ],
    review: REVIEW_DEFAULTS,
  });
});

test("reports all mistakes together, each with its line, column and key", () => {
  const text = `mqtt: {host: broker, port: 70000}
model: {}
cameras:
  door:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/stream2"}]}
    detect:
      fps: fast
`;
  expect(mistakes(text)).toEqual([
    "1:28 mqtt.port: expected at most 65535, received 70000",
    "2:8 model.path: missing: expected a string",
    '7:12 cameras.door.detect.fps: expected a number, received "fast"',
  ]);
});

test.each(["0", "70000"])("refuses port %s of a camera, and says that it is the port", (port) => {
  const text = SMALLEST.replace("rtsp://10.0.0.7/", `rtsp://10.0.0.7:${port}/`);
  expect(mistakes(text)).toEqual([expect.stringContaining("expected a port from 1 to 65535 after the host")]);
});

test("names the file and the number of mistakes", () => {
  const file = join(folder, "bad.yml");
  writeFileSync(file, SMALLEST.replace("host", "hots").replace("model:", "modle:"));
  expect(() => loadConfig(file, {})).toThrow(
    [
      "4 mistakes in the configuration",
      `  ${file}:1:1: model: missing: expected a mapping`,
      `  ${file}:1:7: mqtt.host: missing: expected a string`,
      `  ${file}:1:8: mqtt.hots: unknown key; did you mean host?`,
      `  ${file}:2:1: modle: unknown key; did you mean model?`,
    ].join("\n"),
  );
});

test("suggests the key that a mistyped key most likely means", () => {
  expect(mistakes(`${SMALLEST}    detect: {hight: 720, widht: 1280}\n`)).toEqual([
    "6:14 cameras.door.detect.hight: unknown key; did you mean height?",
    "6:26 cameras.door.detect.widht: unknown key; did you mean width?",
  ]);
});

test("names the section of a key that is one level too high", () => {
  expect(mistakes(`${SMALLEST}    fps: 5\n`)).toEqual([
    "6:5 cameras.door.fps: unknown key here; fps belongs under detect",
  ]);
});

test("explains keys that only Frigate has", () => {
  expect(mistakes(`${SMALLEST}    record: {}\n`)).toEqual([
    "6:5 cameras.door.record: unknown key; sabrewing does not record video",
  ]);
  expect(mistakes(`${SMALLEST}    live: {}\n`)).toEqual([
    "6:5 cameras.door.live: unknown key; sabrewing init --from FILE converts a configuration of Frigate and explains what it drops",
  ]);
});

test("refuses a camera name that cannot be part of a topic", () => {
  expect(mistakes(SMALLEST.replace("door:", "front/door:"))).toEqual([
    "4:3 cameras.front/door: the name may contain only letters, digits, _ and -: it becomes part of MQTT topics",
  ]);
});

test("refuses a filter for a label that is not tracked", () => {
  expect(mistakes(`${SMALLEST}    objects: {track: [person], filters: {persn: {}}}\n`)).toEqual([
    "6:42 cameras.door.objects.filters.persn: this filter has no effect: add the label to track; did you mean person?",
  ]);
});

test("reports the position of invalid YAML", () => {
  expect(mistakes("mqtt: {host: broker\nmodel: x\n")[0]).toMatch(/^2:1 .*not valid YAML/);
  expect(mistakes(`${SMALLEST}model: {path: b}\n`)).toEqual([
    "6:1 : not valid YAML: Map keys must be unique",
  ]);
});

test("reports each repeated key at its position", () => {
  expect(mistakes("a: {b: 1, c: 2, b: 3}\nd: 1\na: 2\n")).toEqual([
    "3:1 : not valid YAML: Map keys must be unique",
    "1:17 : not valid YAML: Map keys must be unique",
  ]);
});

test("refuses a file of too many lines or bytes before it is parsed", () => {
  expect(mistakes("a: 1\n".repeat(100_000))).toEqual(["10001:1 : expected at most 10000 lines"]);
  const file = join(folder, "long.yml");
  writeFileSync(file, `${SMALLEST}# ${"x".repeat(500_000)}`);
  expect(() => loadConfig(file, {})).toThrow(/cannot read the configuration .*long\.yml \(EFBIG\)$/);
  expect(() => loadConfig("/dev/zero", {})).toThrow(
    expect.objectContaining({ remedy: expect.stringMatching(/at most 500 kB/) }),
  );
  expect(() => loadConfig(folder, {})).toThrow(
    expect.objectContaining({ remedy: expect.stringMatching(/file in this folder/) }),
  );
});

test("reports the mistakes of a file with as many keys as it can hold", () => {
  const keys = Array.from({ length: 80_000 }, (_, index) => `${index.toString(36)}:`);
  expect(mistakes(`{${keys.join(",")}}`)).toHaveLength(1000);
});

test("reads a configuration from a pipe", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const writer = spawn("sh", ["-c", 'printf %s "$1" > "$2"', "sh", SMALLEST, pipe]);
  expect(loadConfig(pipe, {}).config.mqtt.host).toBe("broker");
  writer.unref();
});

test("reports an empty file as a missing mapping", () => {
  expect(mistakes("")).toEqual(["1:1 : expected a mapping, received nothing"]);
});

test("fills strings from the environment; a password in an address may contain any character", () => {
  const text = SMALLEST.replace("rtsp://10.0.0.7/stream2", "rtsp://cam:{DOOR_PASSWORD}@{DOOR_HOST}/stream2");
  const config = parseConfig(text, "sabrewing.yml", { DOOR_PASSWORD: "p@ss/#1", DOOR_HOST: "10.0.0.7:554" });
  expect(config.cameras[0]?.ffmpeg.inputs[0].path).toBe("rtsp://cam:p%40ss%2F%231@10.0.0.7:554/stream2");
});

test.each([
  ...[
    "cam:SECRETX1@127.0.0.1",
    "mqtt://cam:SECRETX1@127.0.0.1",
    "cam:SECRETX1",
    "cam:1234567",
    "mqtt://SECRETX1",
  ],
  ...["SECRETX1:1883", "SECRETX1/x", "SECRETX1 x", "[::1]", "ca:fe:1883", "a@SECRETX1", "{SECRETX1}"],
])("refuses %j as the broker's host without quoting it", (host) => {
  const text = SMALLEST.replace("host: broker", 'host: "{HOST}"');
  for (const problem of [
    ...mistakes(text, { HOST: host }),
    ...(host.includes("{") ? [] : mistakes(SMALLEST.replace("host: broker", `host: "${host}"`))),
  ]) {
    expect(problem).toMatch(
      /mqtt\.host: expected only a host name .*without brackets.* received a string \(not shown\)$/,
    );
    expect(problem).toMatch(/mqtt\.user and mqtt\.password, the port in mqtt\.port/);
  }
  expect(mistakes(text, { HOST: host })).toHaveLength(1);
});

test.each(["broker.local", "10.0.0.1", "::1", "fe80::1%eth0", "häuschen", "my_broker"])(
  "accepts %s as the broker's host",
  (host) => {
    const config = parseConfig(SMALLEST.replace("host: broker", `host: "${host}"`), "sabrewing.yml", {});
    expect(config.mqtt.host).toBe(host);
  },
);

test("does not quote the login of an address with a single slash, and keeps the sentence", () => {
  const [problem] = mistakes(SMALLEST.replace("rtsp://10.0.0.7/stream2", "rtsp:/admin:SECRETX1@h"));
  expect(problem).toMatch(
    /expected two slashes after the colon \(write rtsp:\/\/HOST\/PATH\), received "\*\*\*@h"$/,
  );
});

test.each([
  "host: {admin:SECRETX1@cam: 1883}",
  "host: {SECRETX1: 1883}",
  "host: {user: admin, 'SECRETX1': x}",
  "host: broker, port: {admin:SECRETX1@cam: 1883}",
  "host: broker, rtsp:/admin:SECRETX1@cam: 1883",
  "host: broker, admin:SECRETX1@cam: 1883",
])("does not quote an address where a key belongs: mqtt: {%s}", (mqtt) => {
  const [problem] = mistakes(SMALLEST.replace("host: broker", mqtt));
  expect(problem).toMatch(/^1:\d+ mqtt\./);
  expect(problem).not.toContain("SECRETX1");
});

test("accepts RTSP:// and writes the scheme in lower case, as ffmpeg requires", () => {
  const config = parseConfig(SMALLEST.replace("rtsp://10", "RTSP://10"), "sabrewing.yml", {});
  expect(config.cameras[0]?.ffmpeg.inputs[0].path).toBe("rtsp://10.0.0.7/stream2");
});

test("does not expand placeholders inside the value of a variable", () => {
  const text = SMALLEST.replace(
    "host: broker",
    'host: broker, client_id: "{ID}", user: "{USER}{OTHER}"',
  ).replace("rtsp://10.0.0.7/stream2", "rtsp://cam:{CAM}@10.0.0.7/stream2");
  const env = { ID: "{SECRET}.evil", USER: "{", OTHER: "SECRET}", CAM: "{SECRET}", SECRET: "hunter2" };
  const { mqtt, cameras } = parseConfig(text, "sabrewing.yml", env);
  expect(mqtt).toMatchObject({ client_id: "{SECRET}.evil", user: "{SECRET}" });
  expect(cameras[0]?.ffmpeg.inputs[0].path).toBe("rtsp://cam:%7BSECRET%7D@10.0.0.7/stream2");
});

test("refuses an address in which user, password and host are ambiguous, without quoting its login", () => {
  for (const password of [
    "p/hunter2",
    "hun?ter2",
    "hun#ter2",
    "hun@ter2",
    "hun:ter2",
    "12/hunter2",
    "hun%ter2",
  ]) {
    const reported = mistakes(
      SMALLEST.replace("rtsp://", `rtsp://admin:${password}@`).replace("rtsp://admin", "rtsp://admin"),
    );
    expect(reported).toEqual([
      expect.stringMatching(/inputs\.0\.path: expected an address in which user, password and host/),
    ]);
    expect(reported[0]).toContain("write / as %2F");
    expect(reported[0]).toMatch(/received "rtsp:\/\/\*\*\*@10\.0\.0\.7\/stream2"$/);
  }
  const [spaces] = mistakes(SMALLEST.replace("rtsp://", "rtsp://admin:hun ter2@"));
  expect(spaces).toMatch(/a space as %20, or put them in as "\{NAME\}"\), received "rtsp:\/\/\*\*\*@10/);
});

test("reports no other mistake for an address with an unset variable", () => {
  expect(mistakes(SMALLEST.replace("10.0.0.7", "{DOOR_HOST}"))).toEqual([
    expect.stringMatching(/the environment variable DOOR_HOST is not set$/),
  ]);
});

test("refuses names, labels and prefixes that are too long for a topic or contain NUL", () => {
  const long = "a".repeat(70_000);
  for (const text of [
    SMALLEST.replace("door:", `${"a".repeat(500)}:`),
    SMALLEST.replace("host: broker", `host: broker, topic_prefix: ${long}`),
    SMALLEST.replace("host: broker", 'host: broker, topic_prefix: "a\\0b"'),
    `${SMALLEST}    objects: {track: [${long}]}\n`,
    `${SMALLEST}homeassistant: {discovery_prefix: "a\\0b"}\n`,
  ]) {
    expect(mistakes(text)).toEqual([expect.stringMatching(/at most|without #/)]);
  }
});

test("refuses labels whose counts would use another topic", () => {
  const tracking = (labels: string) => mistakes(`${SMALLEST}    objects: {track: ${labels}}\n`);
  expect(tracking("[person, motion, all]")).toEqual([
    expect.stringMatching(
      /track\.1: the count of this label cannot be published: .*<camera>\/motion is another topic/,
    ),
    expect.stringMatching(/track\.2: .*<camera>\/all/),
  ]);
  expect(tracking('["teddy bear", teddy_bear]')).toEqual([
    expect.stringMatching(/track\.1: .*teddy_bear is the topic of the label "teddy bear"/),
  ]);
  expect(tracking('["teddy bear", "#", "+/.."]')).toEqual([]);
});

test("removes control characters from quoted values and shortens them", () => {
  const hostile = "\\e]0;pwn\\a\\x9b31m\\u202e";
  const reported = [
    ...mistakes(`${SMALLEST}"${hostile}": 1\n`),
    ...mistakes(`${SMALLEST}detector: {runtime: "${hostile}"}\n`),
    ...mistakes(`${SMALLEST}detector: {runtime: "${"A".repeat(1_000_000)}"}\n`),
    ...mistakes(`${SMALLEST}"a\\n✓ configuration": 1\n`),
  ];
  for (const mistake of reported) expect(mistake).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  for (const mistake of reported) expect(mistake.length).toBeLessThan(1500);
});

test("shows the first hundred of thousands of mistakes, and has no suggestion for an endless key", () => {
  const keys = Array.from({ length: 3_000 }, (_, index) => `key${index}: 1`);
  const act = () => parseConfig(`${SMALLEST}${keys.join("\n")}\n`, "sabrewing.yml", {});
  expect(act).toThrow(/^1000 mistakes or more in the configuration\n(.*\n){100} {2}… and 900 more$/);
  expect(mistakes(`${SMALLEST}? "${"a".repeat(1_000_000)}"\n: 1\n`)[0]).toMatch(
    /unknown key; known keys here/,
  );
});

test("does not quote invalid YAML: it may be a password without quotes", () => {
  const passwords = [
    "*hunter2",
    "!hunter2 x",
    "!hunter2!x y",
    "|hunter2",
    ">9hunter2",
    "]hunter2",
    "}hunter2",
  ];
  for (const password of passwords) {
    const reported = mistakes(
      SMALLEST.replace("mqtt: {host: broker}", `mqtt:\n  host: broker\n  password: ${password}`),
    );
    expect(reported.join("\n")).toMatch(/not valid YAML/);
    expect(reported.join("\n")).not.toContain("hunter2");
  }
  expect(mistakes(`mqtt: {host: broker user\n`).join()).toMatch(/valid YAML: \w+ .+/);
  expect(mistakes(`%hunter2 x\n---\n${SMALLEST}`).join("\n")).not.toContain("hunter2");
});

test("names an unset variable", () => {
  expect(mistakes(SMALLEST.replace("host: broker", 'host: broker, password: "{MQTT_PASSWORD}"'))).toEqual([
    "1:32 mqtt.password: the environment variable MQTT_PASSWORD is not set",
  ]);
});

test.each([
  ["[]", "an empty list"],
  ["[a]", "a list of 1 entry"],
  ["[a, b]", "a list of 2 entries"],
  ["{}", "an empty mapping"],
  ["{a: 1, b: 2}", "a mapping with the keys a, b"],
  ["~", "nothing"],
])("describes the received value %s as %s", (value, received) => {
  expect(mistakes(SMALLEST.replace("m.wasm", `m.wasm, sha256: ${value}`))).toEqual([
    `2:39 model.sha256: expected a string, received ${received}`,
  ]);
});

test("explains braces without quotes", () => {
  expect(mistakes(SMALLEST.replace("host: broker", "host: broker, password: {MQTT_PASSWORD}"))).toEqual([
    "1:32 mqtt.password: expected a string, received braces without quotes around them",
  ]);
});

test("explains braces that form a key", () => {
  expect(mistakes(SMALLEST.replace("host: broker", "host: broker, password: {{MQTT_PASSWORD}}"))).toEqual([
    expect.stringMatching(/not valid YAML: a key must be a string; put quotes around a \{NAME\}/),
  ]);
});

test("never shows secrets in messages", () => {
  const env = { CAM: "from-environment" };
  const reported = [
    ...mistakes(SMALLEST.replace("host: broker", "host: broker, password: 4711"), env),
    ...mistakes(SMALLEST.replace("rtsp://", "http://user:hunter2@"), env),
    ...mistakes(SMALLEST.replace("rtsp://", "rtsp://user:hunter2 hunter2@"), env),
    ...mistakes(SMALLEST.replace("rtsp://", "rtsp://us er:{CAM}@"), env),
    ...mistakes(`${SMALLEST}\nrtsp://user:hunter2@camera/1: 1`, env),
    ...mistakes(`${SMALLEST}\n{path: "rtsp://user:hunter2@camera/1"}: 1`, env),
    ...mistakes(`${SMALLEST}\nview: !rtsp://user:hunter2@camera/1 {}`, env),
  ].join("\n");
  expect(reported.split("\n")).toHaveLength(8);
  expect(reported).not.toMatch(/4711|hunter2|from-environment/);
});

test("reads a password from a file next to the configuration", () => {
  writeFileSync(join(folder, "mqtt-password"), "s3cret\n");
  const file = join(folder, "file.yml");
  writeFileSync(
    file,
    SMALLEST.replace("host: broker", "host: broker, user: u, password_file: mqtt-password"),
  );
  expect(loadConfig(file, {}).config.mqtt.password).toBe("s3cret");
});

test("makes the paths of module, state and snapshots absolute, relative to the configuration file", () => {
  const text = `mqtt: {host: b}
model: {path: models/m.wasm}
state_dir: ../state
cameras:
  door: {ffmpeg: {inputs: [{path: "rtsp://c/1"}]}, snapshots: {directory: snaps}}
  yard: {ffmpeg: {inputs: [{path: "rtsp://c/2"}]}}`;
  const { model, state_dir, cameras } = parseConfig(text, "/etc/sabrewing/sabrewing.yml", {});
  expect([model.path, state_dir]).toEqual(["/etc/sabrewing/models/m.wasm", "/etc/state"]);
  expect(cameras.map(({ snapshots }) => snapshots.directory)).toEqual(["/etc/sabrewing/snaps", undefined]);
});

test("refuses a missing password file, and a password file together with a password", () => {
  expect(
    mistakes(SMALLEST.replace("host: broker", "host: broker, user: u, password_file: /nowhere")),
  ).toEqual(["1:46 mqtt.password_file: cannot read this file (ENOENT)"]);
  expect(
    mistakes(SMALLEST.replace("host: broker", "host: broker, user: u, password: a, password_file: b")),
  ).toEqual(["1:59 mqtt.password_file: set either password or password_file, not both"]);
});

test("accepts only plain host names in allowed_hosts", () => {
  const withHosts = (hosts: string) => `${SMALLEST}\nmetrics: {allowed_hosts: [${hosts}]}`;
  expect(
    parseConfig(withHosts("cam.lan, Home_Assistant"), "sabrewing.yml", {}).metrics.allowed_hosts,
  ).toEqual(["cam.lan", "Home_Assistant"]);
  for (const wrong of ['"http://cam.lan"', '"cam.lan:9464"', '"*"', '"*.lan"', '"cam.lan/"', '""']) {
    expect(mistakes(withHosts(wrong)).join()).toMatch(
      /metrics\.allowed_hosts\.0: expected a host name such as camera\.example: without http:\/\/, port, path or \*, received/,
    );
  }
});

test("requires a token of random characters for the live view, in the configuration or in a file", () => {
  const withView = (view: string) => `${SMALLEST}\nview: {${view}}`;
  const line = SMALLEST.split("\n").length + 1;
  expect(mistakes(withView("enabled: true"))).toEqual([
    `${line}:8 view.enabled: the live view needs a token: also set token or token_file`,
  ]);
  expect(mistakes(withView("token: secret"))).toEqual([
    `${line}:15 view.token: expected at least 16 random characters (for example from openssl rand -hex 16), received a string (not shown)`,
  ]);
  writeFileSync(join(folder, "short-token"), "secret\n");
  expect(mistakes(withView(`enabled: true, token_file: ${join(folder, "short-token")}`))[0]).toMatch(
    /view\.token_file: this file must contain at least 16 random characters/,
  );
  writeFileSync(join(folder, "token"), "0123456789abcdef\n");
  const file = join(folder, "view.yml");
  writeFileSync(file, withView("enabled: true, token_file: token"));
  expect(loadConfig(file, {}).config.view.token).toBe("0123456789abcdef");
});

test("turns on TLS and its port for a file of certificates, which is found next to the configuration", () => {
  writeFileSync(join(folder, "ca.pem"), "a certificate");
  const file = join(folder, "tls.yml");
  writeFileSync(file, SMALLEST.replace("host: broker", "host: broker, tls_ca_certs: ca.pem"));
  expect(loadConfig(file, {}).config.mqtt).toMatchObject({
    tls: true,
    port: 8883,
    tls_ca_certs: join(folder, "ca.pem"),
    tls_insecure: false,
  });
});

test("accepts TLS with public authorities on any port", () => {
  const config = parseConfig(
    SMALLEST.replace("host: broker", "host: broker, tls: true, port: 443"),
    "a.yml",
    {},
  );
  expect(config.mqtt).toMatchObject({ tls: true, port: 443 });
});

test.each([
  ["tls_ca_certs: /nowhere", "1:36 mqtt.tls_ca_certs: cannot read this file (ENOENT)"],
  ["tls_client_key: a", "1:22 mqtt.tls_client_key: the certificate is missing: also set tls_client_cert"],
  ["tls_client_cert: a", "1:22 mqtt.tls_client_cert: the private key is missing: also set tls_client_key"],
  [
    "tls: false, tls_insecure: true",
    "1:22 mqtt.tls: tls is false, but other tls_ keys are set: remove tls or the other keys",
  ],
])("refuses an incomplete TLS configuration: %s", (keys, mistake) => {
  expect(mistakes(SMALLEST.replace("host: broker", `host: broker, ${keys}`))).toContain(mistake);
});

test("reports exponential aliases and endless brackets as mistakes", () => {
  const laughs = [..."abcdefghi"].map((name, level) => {
    const before = level === 0 ? "lol" : `*${"abcdefghi"[level - 1]}`;
    return `${name}: &${name} [${Array.from({ length: 10 }, () => before).join(", ")}]`;
  });
  expect(mistakes(laughs.join("\n"))).toEqual([expect.stringContaining("1:1 : not valid YAML: ")]);
  expect(mistakes("[".repeat(50_000))[0]).toContain("not valid YAML: ");
});

test("reads the first existing file without --config", () => {
  const file = join(folder, "second.yml");
  writeFileSync(file, SMALLEST);
  expect(loadConfig(undefined, {}, [join(folder, "first.yml"), file]).file).toBe(file);
});

test("lists the files that it tried if there is no configuration", () => {
  expect(() => loadConfig(undefined, {}, ["/nowhere/a.yml", "/nowhere/b.yml"])).toThrow(
    "no configuration found: /nowhere/a.yml and /nowhere/b.yml do not exist",
  );
  expect(() => loadConfig("/nowhere/a.yml", {})).toThrow(
    "cannot read the configuration /nowhere/a.yml (ENOENT)",
  );
});
