/** An old module with its valid signature is refused, with real modules, real signatures and the real agent. */
import { generateKeyPairSync, sign } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "../faults/watching/clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "../faults/watching/watch-world.ts";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { writeCheckpoint } from "../support/models/checkpoint.ts";
import { freePort, mosquittoIsInstalled } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const publicLine = publicKey.export({ format: "der", type: "spki" }).toString("base64");

let folder: string;
/** Modules by their release. */
const made = new Map<number, Buffer>();
/** The path of the agent's module. */
let modulePath: string;
let stateDirectory: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-release-"));
  const checkpoint = join(folder, "gate.pt");
  writeFileSync(checkpoint, writeCheckpoint({ names: ["person", "car", "dog"] }));
  for (const release of [1, 2, 3]) {
    const out = join(folder, `gate-${release}.wasm`);
    const args = ["compile", checkpoint, "-o", out, "--size", "64x64", "--release", `${release}`, "--json"];
    const { exitCode, stdout, stderr } = await sabrewing(args);
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ release });
    made.set(release, readFileSync(out));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  const fresh = mkdtempSync(join(folder, "agent-"));
  modulePath = join(fresh, "gate.wasm");
  stateDirectory = join(fresh, "state");
});

/** Writes a release to the path of the module, signed by its owner. */
function put(release: number, path = modulePath): void {
  putSigned(made.get(release) ?? Buffer.alloc(0), path);
}

function putSigned(bytes: Uint8Array, path = modulePath): void {
  writeFileSync(`${path}.sig`, sign(null, bytes, privateKey));
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
}

const releasesFile = () => join(stateDirectory, "releases.json");
const recorded = (): unknown =>
  existsSync(releasesFile()) ? JSON.parse(readFileSync(releasesFile(), "utf8")).models : [];

/** A configuration without a camera or a broker at its addresses: enough for check, and for run to load its module. */
async function configFile(): Promise<string> {
  const port = await freePort();
  const file = join(stateDirectory, "..", "sabrewing.yml");
  writeFileSync(
    file,
    stringify({
      mqtt: { host: "127.0.0.1", port },
      model: { path: modulePath, public_key: publicLine },
      state_dir: stateDirectory,
      cameras: { door: watched(`rtsp://127.0.0.1:${port}/camera`) },
    }),
  );
  return file;
}

/** The result of check for the module. */
async function checked(): Promise<{
  readonly ok: boolean;
  readonly message: string;
  readonly remedy?: string;
}> {
  const { stdout } = await sabrewing(["check", "--json", "-c", await configFile()]);
  const parts = stdout.trimEnd().split("\n");
  return parts.map((line) => JSON.parse(line)).find(({ part }) => part === "model");
}

describe.skipIf(!mosquittoIsInstalled || !hasRtspServer())("with model.public_key", () => {
  async function watch(stack: AsyncDisposableStack, signals = 0): Promise<WatchWorld> {
    const inFolder = mkdtempSync(join(folder, "clip-"));
    const camera = stack.use(await startRtspCamera({ clip: squareAndSignal(inFolder, { signals }).file }));
    const settings = { motion: { enabled: false }, detect: { ...SIGNAL_SIZE, fps: SIGNAL_FPS } };
    return stack.use(
      await startWatchWorld({
        modulePath,
        model: { public_key: publicLine },
        stateDirectory,
        cameras: { door: watched(camera.address, settings) },
      }),
    );
  }

  test("refuses an older release at runtime, at the start and in check, until the owner deletes the record", async () => {
    put(2);
    {
      await using stack = new AsyncDisposableStack();
      const world = await watch(stack);
      const said = (words: string) => world.log.filter(({ msg }) => msg.includes(words)).length;
      const requestCheck = () => process.kill(world.pid, "SIGHUP");
      await waitUntil("release 2 is recorded", () => said("the release is recorded") === 1, 60_000);
      expect(recorded()).toEqual([{ name: "gate", release: 2 }]);

      put(1);
      requestCheck();
      await waitUntil("it is refused", () => said("the model is not replaced") > 0, 60_000);
      expect(said("is release 1, and release 2 has run here")).toBeGreaterThan(0);

      // A stranger cannot raise the recorded release either: the signature is checked first.
      const stranger = generateKeyPairSync("ed25519").privateKey;
      const third = made.get(3) ?? Buffer.alloc(0);
      writeFileSync(`${modulePath}.sig`, sign(null, third, stranger));
      writeFileSync(modulePath, third);
      requestCheck();
      await waitUntil("it is refused", () => said("is not a signature of this module") > 0, 60_000);
      expect(recorded()).toEqual([{ name: "gate", release: 2 }]);

      put(3);
      requestCheck();
      await waitUntil("release 3 is recorded", () => said("the release is recorded") === 2, 60_000);
      expect(recorded()).toEqual([{ name: "gate", release: 3 }]);
      expect(await world.stop()).toBe("exit code 0");
    }

    put(2);
    const { exitCode, stderr } = await sabrewing(["run", "-c", await configFile()]);
    expect(exitCode).toBe(78);
    expect(stderr).toContain("is release 2, and release 3 has run here: expected 3 or higher");
    expect(stderr).toContain(`delete ${releasesFile()}`);
    expect(await checked()).toMatchObject({
      ok: false,
      message: expect.stringContaining("is release 2, and release 3 has run here"),
      remedy: expect.stringContaining("--release 4"),
    });
    expect(recorded(), "neither of them records it").toEqual([{ name: "gate", release: 3 }]);

    rmSync(releasesFile());
    expect(await checked()).toMatchObject({
      ok: true,
      message: expect.stringContaining(", release 2, licence"),
    });
    expect(recorded(), "check records nothing").toEqual([]);
    await using stack = new AsyncDisposableStack();
    await watch(stack);
    await waitUntil("release 2 is recorded", () => JSON.stringify(recorded()).includes("2"), 60_000);
  }, 240_000);

  test("accepts the previous release after a newer one failed at its first frame", async () => {
    put(2);
    {
      await using stack = new AsyncDisposableStack();
      // Every frame contains the signal on which the newer one exits.
      const world = await watch(stack, SIGNAL_FPS * 6);
      await waitUntil("release 2 is recorded", () => JSON.stringify(recorded()).includes("2"), 60_000);
      putSigned(brightAreaModule("exit", { description: { name: "gate", release: 5 } }));
      process.kill(world.pid, "SIGHUP");
      const said = (words: string) => world.log.some(({ msg }) => msg.includes(words));
      await waitUntil("it is withdrawn", () => said("The previous module is active again"), 60_000);
      await waitUntil("so is its release", () => said("counts as the highest again"), 60_000);
      expect(said("the release is recorded"), "it was accepted before").toBe(true);
    }
    expect(recorded()).toEqual([{ name: "gate", release: 2 }]);
    put(2);
    expect(await checked()).toMatchObject({ ok: true });
  }, 240_000);
});

test("refuses an older variant of a set, too, with model.public_key", async () => {
  put(3, modulePath.replace(/\.wasm$/, ".f32.wasm"));
  mkdirSync(stateDirectory);
  writeFileSync(releasesFile(), JSON.stringify({ models: [{ name: "gate", release: 3 }] }));
  expect(await checked()).toMatchObject({ ok: true, message: expect.stringContaining("release 3") });
  // i16 has precedence over f32 in a set on every engine.
  put(1, modulePath.replace(/\.wasm$/, ".i16.wasm"));
  expect(await checked()).toMatchObject({ ok: false, message: expect.stringContaining("is release 1, and") });
  const { exitCode, stderr } = await sabrewing(["run", "-c", await configFile()]);
  expect([exitCode, stderr]).toEqual([
    78,
    expect.stringContaining("is release 1, and release 3 has run here"),
  ]);
}, 60_000);
