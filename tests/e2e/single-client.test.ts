/** A camera that serves one client only: the agent detects objects in its video and shows it live. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { systemClock } from "../../agent/base/clock.ts";
import { TransientError } from "../../agent/base/errors.ts";
import { tryStream } from "../../agent/camera/try-stream.ts";
import { squareAndSignal } from "../faults/watching/clips.ts";
import { startWatchWorld, watched } from "../faults/watching/watch-world.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { freePort, mosquittoIsInstalled } from "../support/mqtt/brokers.ts";

const TOKEN = "0123456789abcdef";

test.skipIf(!mosquittoIsInstalled || !hasRtspServer())(
  "detection and live view of a camera that serves one client work at the same time",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.adopt(mkdtempSync(join(tmpdir(), "sabrewing-single-")), (made) =>
      rmSync(made, { recursive: true }),
    );
    const modulePath = join(folder, "seeing.wasm");
    writeFileSync(modulePath, brightAreaModule("trap"));
    const { file } = squareAndSignal(folder, { signals: 0 });
    const camera = stack.use(await startRtspCamera({ clip: file, clients: 1 }));
    const port = await freePort();
    const world = stack.use(
      await startWatchWorld({
        modulePath,
        cameras: { door: watched(camera.address) },
        view: { enabled: true, port, token: TOKEN },
      }),
    );
    await world.untilFrames("door", 60_000);
    const another = tryStream("another", camera.address, {
      clock: systemClock,
      signal: new AbortController().signal,
    });
    await expect(another).rejects.toBeInstanceOf(TransientError);

    const base = `http://127.0.0.1:${port}`;
    const reply = await fetch(`${base}/?token=${TOKEN}`, { redirect: "manual" });
    const cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? "";
    const video = new WebSocket(`${base.replace("http", "ws")}/cameras/door/video`, {
      headers: { cookie, origin: base },
    });
    stack.defer(() => video.terminate());
    const [first] = await once(video, "message");
    // MPEG-TS (ISO/IEC 13818-1, 2.4.3): each packet begins with 0x47.
    expect(first[0]).toBe(0x47);
    const before = (await world.newStats()).cameras.door?.frames.seen ?? 0;
    await once(video, "message");
    await world.newStats();
    expect((await world.newStats()).cameras.door?.frames.seen).toBeGreaterThan(before);
    expect(world.statuses("door")).toEqual(["offline", "online"]);
  },
);
