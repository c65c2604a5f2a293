import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { squareAndSignal } from "../faults/watching/clips.ts";
import { startWatchWorld, watched } from "../faults/watching/watch-world.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { freePort, mosquittoIsInstalled } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const TOKEN = "0123456789abcdef";
/** The camera sends 320×240. */
const UPRIGHT = { width: 240, height: 320 };

test.skipIf(!mosquittoIsInstalled || !hasRtspServer())(
  "boxes, zones, snapshots, stills and video of a camera on its side are those of the rotated frame",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.adopt(mkdtempSync(join(tmpdir(), "sabrewing-rotated-")), (made) =>
      rmSync(made, { recursive: true }),
    );
    const modulePath = join(folder, "seeing.wasm");
    writeFileSync(modulePath, brightAreaModule("trap"));
    const camera = stack.use(await startRtspCamera({ clip: squareAndSignal(folder, { signals: 0 }).file }));
    const port = await freePort();
    const directory = join(folder, "snapshots");
    const world = stack.use(
      await startWatchWorld({
        modulePath,
        cameras: {
          door: watched(camera.address, {
            rotate: 90,
            motion: { enabled: false },
            // The square goes up and down between columns 60 and 120.
            zones: { column: { coordinates: "0.2,0,0.55,0,0.55,1,0.2,1" } },
            snapshots: { directory },
          }),
        },
        view: { enabled: true, port, token: TOKEN },
      }),
    );
    const inZone = () => world.events("door").find(({ after }) => after.entered_zones.includes("column"));
    await waitUntil("the square is in the zone", () => inZone() !== undefined, 60_000);
    const [left, top, right, bottom] = inZone()?.after.box ?? [];
    expect([left, right].map((x = 0) => Math.abs(x - (x < 90 ? 60 : 120)) < 8)).toEqual([true, true]);
    expect((bottom ?? 0) - (top ?? 0)).toBeGreaterThan(45);

    const base = `http://127.0.0.1:${port}`;
    const reply = await fetch(`${base}/?token=${TOKEN}`, { redirect: "manual" });
    const cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? "";
    const still = await fetch(`${base}/cameras/door.jpg`, { headers: { cookie } });
    expect(await sharp(await still.arrayBuffer()).metadata()).toMatchObject(UPRIGHT);

    const jpegs = () =>
      readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".jpg"));
    await waitUntil("a snapshot is stored", () => jpegs().length > 0, 60_000);
    expect(await sharp(join(directory, jpegs()[0] ?? "")).metadata()).toMatchObject(UPRIGHT);

    const parts: Buffer[] = [];
    const video = new WebSocket(`${base.replace("http", "ws")}/cameras/door/video`, {
      headers: { cookie, origin: base },
    });
    stack.defer(() => video.terminate());
    video.on("message", (part) => parts.push(Buffer.from(part as Buffer)));
    await waitUntil("two seconds of video", () => Buffer.concat(parts).length > 100_000, 60_000);
    const entries = [
      "-v",
      "error",
      "-show_entries",
      "stream=width,height",
      "-of",
      "json",
      "-f",
      "mpegts",
      "-",
    ];
    const probed = execFileSync("ffprobe", entries, { input: Buffer.concat(parts) }).toString();
    expect(JSON.parse(probed).streams).toEqual([UPRIGHT]);
  },
);
