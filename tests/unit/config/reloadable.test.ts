import { describe, expect, test } from "vitest";
import { planReload } from "../../../agent/config/reloadable.ts";
import { configOfDoor } from "../../support/agent/small-config.ts";

const plan = (before: string, after: string) => planReload(configOfDoor(before), configOfDoor(after));

describe("a reload", () => {
  test.each([
    { after: "zones: {porch: {coordinates: '0,0,1,0,1,1'}}", changed: ["zones.porch"] },
    { after: "objects: {track: [person, car]}", changed: ["objects.track"] },
    {
      after: "objects: {filters: {person: {threshold: 0.5}}, mask: '0,0,1,0,1,1'}",
      changed: ["objects.mask", "objects.filters.person"],
    },
    { after: "motion: {threshold: 40, mask: '0,0,1,0,1,1'}", changed: ["motion.threshold", "motion.mask"] },
    { after: "snapshots: {enabled: true}", changed: ["snapshots.enabled"] },
    {
      after: "detect: {max_disappeared: 3, stationary: {interval: 7}}",
      changed: ["detect.max_disappeared", "detect.stationary.interval"],
    },
  ])("applies $after", ({ after, changed }) => {
    const reload = plan("", after);
    expect(reload.changed.toSorted()).toEqual(changed.map((key) => `cameras.door.${key}`).toSorted());
    expect(reload.needRestart).toEqual([]);
    expect(reload.config).toEqual(configOfDoor(after));
  });

  test.each([
    { after: "enabled: false", keys: ["enabled"] },
    { after: "detect: {enabled: false}", keys: ["detect.enabled"] },
    { after: "detect: {width: 640, height: 480}", keys: ["detect.height", "detect.width"] },
    { after: "motion: {enabled: false}", keys: ["motion.enabled"] },
    { after: "snapshots: {directory: /s}", keys: ["snapshots.directory"] },
  ])("leaves $after to a restart", ({ after, keys }) => {
    const reload = plan("", after);
    expect(reload.needRestart.toSorted()).toEqual(keys.map((key) => `cameras.door.${key}`));
    expect(reload.changed).toEqual([]);
    expect(reload.config).toEqual(configOfDoor());
  });

  test("applies the keys that need no restart and leaves the others, also within one section", () => {
    const reload = plan("motion: {threshold: 30}", "motion: {threshold: 40, enabled: false}");
    expect(reload.changed).toEqual(["cameras.door.motion.threshold"]);
    expect(reload.needRestart).toEqual(["cameras.door.motion.enabled"]);
  });

  test("does not apply numbers of frames together with a rate that needs a restart", () => {
    const reload = plan("", "detect: {fps: 10}");
    expect(reload.changed).toEqual([]);
    expect(reload.needRestart).toContain("cameras.door.detect.fps");
    expect(reload.config).toEqual(configOfDoor());
  });

  test("leaves added and removed cameras, and other sections, to a restart", () => {
    const running = configOfDoor();
    const [door] = running.cameras;
    if (door === undefined) throw new Error("a camera");
    const wanted = {
      ...running,
      mqtt: { ...running.mqtt, password: "secret" },
      cameras: [{ ...door, name: "yard" }],
    };
    const { changed, needRestart } = planReload(running, wanted);
    expect(changed).toEqual([]);
    expect(needRestart).toEqual(["mqtt.password", "cameras.door", "cameras.yard"]);
  });
});
