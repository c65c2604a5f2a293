import { expect, test } from "vitest";
import { ConfigError } from "../../agent/base/errors.ts";
import { createSignal } from "../../agent/base/signal.ts";
import { currentCameras } from "../../agent/config/current-cameras.ts";
import { parseConfig } from "../../agent/config/load.ts";
import type { AgentConfig, CameraConfig } from "../../agent/config/schema.ts";
import { type ReloadOptions, reloadConfig } from "../../agent/reload-config.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { configOfDoor } from "../support/agent/small-config.ts";

const ZONE = "zones: {porch: {coordinates: '0,0,1,0,1,1'}}";

/** Reloads once for each of the files. @returns what happened, in order */
async function reload(
  files: readonly (() => AgentConfig)[],
  { accept = () => {}, config = configOfDoor(), signal }: Partial<ReloadOptions> = {},
) {
  const cameras = currentCameras(config.cameras);
  const { log, lines } = recordingLog();
  const steps: string[] = [];
  const request = createSignal();
  const stop = new AbortController();
  let round = 0;
  request.raise();
  await reloadConfig({
    ...{ config, cameras, accept, request, log, signal: signal ?? stop.signal },
    load: () => files[round]?.() ?? config,
    home: { update: async ([camera]) => void steps.push(`home ${camera?.zones.map(({ name }) => name)}`) },
    view: { refresh: () => void steps.push("view") },
    manager: {
      watchdogMs: undefined,
      notify: async (...words) => void steps.push(words.join(" ").replace(/\d{6,}/, "TIME")),
    },
    onReloaded() {
      steps.push("model");
      round++;
      if (round < files.length) request.raise();
      else stop.abort();
    },
  });
  return { steps, lines, zones: cameras.of("door").zones.map(({ name }) => name) };
}

test("changes the settings in force, and notifies viewers, Home Assistant and systemd", async () => {
  const { steps, lines, zones } = await reload([() => configOfDoor(ZONE)]);
  expect(zones).toEqual(["porch"]);
  expect(steps).toEqual([...["RELOADING=1 MONOTONIC_USEC=TIME", "view", "home porch", "READY=1", "model"]]);
  expect(lines).toMatchObject([
    { level: "info", msg: "the configuration is reloaded", changed: ["cameras.door.zones.porch"] },
  ]);
});

test("names the keys that need a restart in the same line", async () => {
  const { lines, zones } = await reload([() => configOfDoor(`${ZONE}\nmotion: {enabled: false}`)]);
  expect(zones).toEqual(["porch"]);
  expect(lines).toMatchObject([
    {
      level: "warn",
      msg: "the configuration is reloaded; some keys need a restart",
      changed: ["cameras.door.zones.porch"],
      needRestart: ["cameras.door.motion.enabled"],
    },
  ]);
});

test("compares the next file with the settings in force, not with those at the start", async () => {
  const { lines, zones } = await reload([() => configOfDoor(ZONE), () => configOfDoor(ZONE), configOfDoor]);
  expect(lines.map(({ msg }) => msg)).toEqual([
    "the configuration is reloaded",
    "the configuration is unchanged",
    "the configuration is reloaded",
  ]);
  expect(zones).toEqual([]);
});

test("does not notify viewers and Home Assistant of an unchanged file", async () => {
  const { steps } = await reload([configOfDoor]);
  expect(steps).toEqual(["RELOADING=1 MONOTONIC_USEC=TIME", "READY=1", "model"]);
});

test("asks the model only about cameras that are watched", async () => {
  const asked: (readonly string[])[] = [];
  const accept = (cameras: readonly CameraConfig[]) => void asked.push(cameras.map(({ name }) => name));
  const door = configOfDoor();
  const yard = configOfDoor("enabled: false").cameras.map((camera) => ({ ...camera, name: "yard" }));
  const config = { ...door, cameras: [...door.cameras, ...yard] };
  await reload([() => config], { accept, config });
  expect(asked).toEqual([["door"]]);
});

test("does not begin while the agent stops", async () => {
  expect((await reload([() => configOfDoor(ZONE)], { signal: AbortSignal.abort() })).steps).toEqual([]);
});

test("does not report a bug as a mistake in the file", async () => {
  const broken = () => {
    throw new TypeError("a bug");
  };
  await expect(reload([broken])).rejects.toThrow("a bug");
});

test("changes nothing and gives the reason if the file has mistakes", async () => {
  const broken = () =>
    parseConfig("mqtt: {host: b}\nmodel: {path: m}\ncameras: {door: {zone: 1}}", "s.yml", {});
  const { steps, lines, zones } = await reload([() => configOfDoor(ZONE), broken]);
  expect(zones).toEqual(["porch"]);
  expect(steps.slice(5)).toEqual(["RELOADING=1 MONOTONIC_USEC=TIME", "READY=1", "model"]);
  expect(lines[1]).toMatchObject({
    level: "error",
    msg: "the configuration is not reloaded, the old one stays in force: 2 mistakes in the configuration",
    mistakes: expect.arrayContaining([
      expect.stringMatching(/^s\.yml:3:\d+: cameras\.door\.zone: unknown key/),
    ]),
    remedy: expect.any(String),
  });
});

test("changes nothing if the model does not know a label", async () => {
  const refuse = () => {
    throw new ConfigError("the model fake does not have all tracked labels", "Choose others.");
  };
  const { lines, zones } = await reload([() => configOfDoor(ZONE)], { accept: refuse });
  expect(zones).toEqual([]);
  expect(lines).toMatchObject([
    { level: "error", msg: expect.stringContaining("does not have all tracked labels") },
  ]);
});
