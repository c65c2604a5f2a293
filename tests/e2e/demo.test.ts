import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { EventMessage } from "../../agent/events/event.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
/** First bytes of every JPEG. */
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

const materials = findModel("yolov5n.pt") !== undefined && findMedia("person.mp4") !== undefined;

test.skipIf(!materials || !hasRtspServer())(
  "a person walks past the camera: an event with a snapshot arrives, and ends when the demo ends",
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder();
    const words = [DEMO, "--seconds", "15", "--json", "--save", folder.path];
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 2 ** 26 });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

    const { summary } = lines.pop();
    expect(summary.frames).toBeGreaterThan(0);
    expect(summary.events).toEqual({ person: 1 });

    const events: EventMessage[] = lines
      .filter(({ topic }) => topic === "sabrewing/events")
      .map(({ payload }) => payload);
    expect(events.at(0)).toMatchObject({ type: "new", after: { camera: "demo", label: "person" } });
    expect(events.at(-1)).toMatchObject({ type: "end", after: { id: events[0]?.after.id } });

    const snapshots = readdirSync(folder.path);
    expect(snapshots).toEqual([`${events[0]?.after.id}-person.jpg`]);
    expect(readFileSync(join(folder.path, snapshots[0] ?? "")).subarray(0, 3)).toEqual(JPEG);
  },
);

test.skipIf(!materials || !hasRtspServer())(
  "the demo stops when the reader of its output exits, as in `scripts/demo | head`",
  { timeout: 120_000 },
  async () => {
    const demo = spawn(process.execPath, [DEMO, "--seconds", "60", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    demo.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    demo.stdout.once("data", () => demo.stdout.destroy());
    const [code] = await once(demo, "exit");
    expect(said).not.toContain("EPIPE");
    // No event has arrived yet. A crash would print more.
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining("No event arrived") });
  },
);
