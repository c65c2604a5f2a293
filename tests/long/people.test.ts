import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { EventMessage } from "../../agent/events/event.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
/** The clip is 139 s long and then starts again. */
const SECONDS = 138;

const materials = findModel("yolov5n.pt") !== undefined && findMedia("person.mp4") !== undefined;

test.skipIf(!materials || !hasRtspServer())(
  "the six people of the clip appear and leave once each, in real time, over RTSP and MQTT",
  { timeout: 400_000 },
  async () => {
    const words = [DEMO, "--seconds", String(SECONDS), "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 2 ** 28 });
    const events: EventMessage[] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ topic }) => topic === "sabrewing/events")
      .map(({ payload }) => payload);
    const idsOf = (wanted: EventMessage["type"]) =>
      events.filter(({ type }) => type === wanted).map(({ after }) => after.id);
    expect(idsOf("new")).toHaveLength(6);
    expect(idsOf("end")).toEqual(idsOf("new"));
    expect(new Set(events.map(({ after }) => after.label))).toEqual(new Set(["person"]));
    const stays = events.filter(({ type }) => type === "end").map(({ after }) => after);
    console.log(
      stays.map(({ start_time, end_time }) => `${((end_time ?? 0) - start_time).toFixed(1)} s`).join(", "),
    );
  },
);
