import { homedir } from "node:os";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../agent/config/load.ts";
import { configMistakes, SMALLEST_CONFIG } from "../../support/agent/config-mistakes.ts";

const mqtt = (yaml: string) => configMistakes(SMALLEST_CONFIG.replace("host: broker", yaml));

test("a password without a user is refused, since MQTT cannot send it", () => {
  const message = "MQTT sends a password only together with a user: also set user";
  expect(mqtt("host: b, password: x")).toEqual([`1:17 mqtt.password: ${message}`]);
  expect(mqtt("host: b, password_file: /dev/null")).toEqual([`1:17 mqtt.password_file: ${message}`]);
  expect(mqtt("host: b, user: u, password: x")).toEqual([]);
});

test.each([
  ["/cams", "a topic that does not start with a slash (remove it: home/cams)"],
  ["cams/", "a topic that does not end with a slash (remove it: home/cams)"],
  ["home//cams", "a topic without empty levels (write one slash between two levels)"],
  ["home/#", "a topic without # and +, which are wildcards of subscriptions"],
  ["home/+/cams", "a topic without # and +, which are wildcards of subscriptions"],
  ["$SYS/cams", "a topic that does not start with $, under which only the broker publishes"],
  ["my cams", "a topic without #, +, spaces and control characters"],
])("a prefix %s is refused", (prefix, expected) => {
  const received = `expected ${expected}, received "${prefix}"`;
  expect(mqtt(`host: b, topic_prefix: "${prefix}"`)).toEqual([`1:31 mqtt.topic_prefix: ${received}`]);
  expect(configMistakes(`${SMALLEST_CONFIG}homeassistant: {discovery_prefix: "${prefix}"}\n`)).toEqual([
    `6:35 homeassistant.discovery_prefix: ${received}`,
  ]);
});

test.each([
  [`host: b, client_id: ${"c".repeat(70_000)}`, "at most 200 characters"],
  ['host: b, client_id: "a\\0b"', "without control characters"],
  ['host: b, user: "a\\0b"', "without control characters"],
  [`host: b, user: ${"ü".repeat(40_000)}`, "at most 65535 bytes"],
  [`host: b, user: u, password: ${"p".repeat(65_536)}`, "at most 65535 bytes"],
  ["host: 127.0.0.1:1883", "the port in mqtt.port"],
  ["host: mqtt://127.0.0.1", "TLS in mqtt.tls"],
  ["host: 010.0.0.1", "an IPv4 address without leading zeros"],
  ["host: 192.168.1.300", "an IPv4 address of four numbers from 0 to 255"],
  ["host: 239.0.0.1", "not of a multicast or broadcast group"],
  ["host: 'fe80::1'", "with the name of the network interface"],
])("mqtt: {%.40s} is refused", (yaml, expected) => {
  const found = mqtt(yaml);
  expect(found).toEqual([expect.stringContaining(expected)]);
  expect(found.join().length).toBeLessThan(500);
});

describe("~ in the name of a file", () => {
  test("is the home folder", () => {
    const text = `${SMALLEST_CONFIG.replace("/models/", "~/models/")}    snapshots: {directory: "~/images"}\nstate_dir: ~/state\n`;
    const { model, state_dir, cameras } = parseConfig(text, "sabrewing.yml", {});
    expect([model.path, state_dir, cameras[0]?.snapshots.directory]).toEqual(
      ["models/m.wasm", "state", "images"].map((name) => `${homedir()}/${name}`),
    );
  });

  test("of another user is refused", () => {
    expect(configMistakes(`${SMALLEST_CONFIG}state_dir: ~ann/state\n`)).toEqual([
      '6:12 state_dir: expected a path; only ~ alone or before a slash stands for a home folder: write the whole path, received "~ann/state"',
    ]);
  });

  test("is no other name", () => {
    expect(parseConfig(`${SMALLEST_CONFIG}state_dir: /a/~/b~\n`, "sabrewing.yml", {}).state_dir).toBe(
      "/a/~/b~",
    );
  });
});
