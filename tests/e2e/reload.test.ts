import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "../faults/watching/clips.ts";
import { startWatchWorld, watched } from "../faults/watching/watch-world.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { mosquittoIsInstalled } from "../support/mqtt/brokers.ts";
import { listenOnLoopback } from "../support/network/listen-on-loopback.ts";
import { waitUntil } from "../support/time/wait-until.ts";

/** Forwards connections to a camera and counts the requests to play. */
async function countPlays(cameraPort: number) {
  let plays = 0;
  const server = createServer((agent) => {
    const camera = connect(cameraPort, "127.0.0.1");
    for (const socket of [agent, camera]) socket.on("error", () => {}).on("close", () => agent.destroy());
    agent.on("close", () => camera.destroy());
    agent.on("data", (part) => {
      if (part.toString("latin1").startsWith("PLAY ")) plays++;
    });
    agent.pipe(camera).pipe(agent);
  });
  const port = await listenOnLoopback(server);
  return { port, plays: () => plays, [Symbol.dispose]: () => void server.close() };
}

test.skipIf(!mosquittoIsInstalled || !hasRtspServer())(
  "SIGHUP changes zones and labels while the same stream plays and an open event continues",
  { timeout: 240_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.adopt(mkdtempSync(join(tmpdir(), "sabrewing-reload-")), (made) =>
      rmSync(made, { recursive: true }),
    );
    const modulePath = join(folder, "seeing.wasm");
    writeFileSync(modulePath, brightAreaModule("trap"));
    const { file } = squareAndSignal(folder, { seconds: 6, signals: 0 });
    const camera = stack.use(await startRtspCamera({ clip: file }));
    const counted = stack.use(await countPlays(camera.port));
    const address = camera.address.replace(String(camera.port), String(counted.port));
    const settings = { motion: { enabled: false }, detect: { ...SIGNAL_SIZE, fps: SIGNAL_FPS } };
    const world = stack.use(
      await startWatchWorld({ modulePath, cameras: { door: watched(address, settings) } }),
    );
    const events = () => world.events("door");
    const said = (words: string) => world.log.filter(({ msg }) => msg.includes(words));
    const rewrite = (change: (config: ReturnType<typeof parse>) => void) => {
      const config = parse(readFileSync(world.config, "utf8"));
      change(config);
      writeFileSync(world.config, stringify(config));
      process.kill(world.pid, "SIGHUP");
    };
    await waitUntil("the square is detected", () => events().length > 0, 60_000);
    const [first] = events();

    rewrite(({ cameras, mqtt }) => {
      cameras.door.zones = { everywhere: { coordinates: "0,0,1,0,1,1,0,1" } };
      mqtt.client_id = "other";
    });
    const inZone = () => events().some(({ after }) => after.current_zones.includes("everywhere"));
    await waitUntil("the square is in the new zone", inZone, 60_000);
    expect(said("the configuration is reloaded")).toMatchObject([
      { changed: ["cameras.door.zones.everywhere"], needRestart: ["mqtt.client_id"] },
    ]);

    rewrite(({ cameras }) => {
      cameras.door.objects.track = ["person", "unicorn"];
    });
    await waitUntil("the label is refused", () => said("the configuration is not reloaded").length === 1);
    writeFileSync(world.config, "cameras: [");
    process.kill(world.pid, "SIGHUP");
    await waitUntil("the file is refused", () => said("the configuration is not reloaded").length === 2);

    await world.newStats();
    expect(counted.plays(), "one stream").toBe(1);
    expect(world.statuses("door")).toEqual(["offline", "online"]);
    expect(new Set(events().map(({ after }) => after.id)), "one event").toEqual(new Set([first?.after.id]));
    expect(events().map(({ type }) => type)).not.toContain("end");
    expect(await world.stop()).toBe("exit code 0");
  },
);
