/**
 * node scripts/arm64/watch.ts ROOT: the agent of the arm64 package in ROOT sees somebody walk past a camera. Camera and
 * broker run on this machine, whose loopback a chroot shares.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../agent/base/errors.ts";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { agentConfig, CAMERA } from "../demonstration/agent-config.ts";
import { startEmbeddedBroker } from "../demonstration/broker.ts";
import { startCamera } from "../demonstration/camera.ts";
import { startChild } from "../demonstration/child.ts";
import { eventLine } from "../demonstration/event-line.ts";
import { listen } from "../demonstration/listener.ts";
import { readEvent } from "../demonstration/summary.ts";
import { findMedia, findModel } from "../materials.ts";
import { runTool } from "../packaging/run-tool.ts";

const PREFIX = "sabrewing";
/** An emulated look takes seconds: small, and in whole numbers, which qemu computes faster than it does f32. */
const MODULE = { size: { width: 256, height: 160 }, precision: "i16" } as const;
/** Slow enough that somebody is in view for a dozen of such looks, and small enough to be decoded in time. */
const SLOW_CLIP = "setpts=8*PTS,fps=1,scale=384:216";
const PATIENCE_MS = 25 * 60_000;
const SERVICE_USER = ["--reuid=sabrewing", "--regid=sabrewing", "--init-groups"];
const ENVIRONMENT = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/var/lib/sabrewing",
  SABREWING_HOME: "/var/lib/sabrewing",
  // As in scripts/test-arm64.
  NODE_OPTIONS: "--disable-wasm-trap-handler",
};

const [root] = process.argv.slice(2);
const weights = findModel("yolov5n.pt");
const clip = findMedia("person.mp4");
if (root === undefined) throw new Error("expected the folder of the arm64 Debian");
if (weights === undefined || clip === undefined)
  throw new Error("yolov5n.pt and person.mp4 are needed: CONTRIBUTING.md says where they are looked for");

const work = mkdtempSync(join(tmpdir(), "sabrewing-arm64-"));
try {
  await watch(root, weights, clip);
} finally {
  rmSync(work, { recursive: true });
}

async function watch(root: string, weights: string, clip: string): Promise<void> {
  const slowClip = join(work, "slow.mp4");
  const cut = ["-ss", "5", "-t", "15", "-i", clip, "-an", "-vf", SLOW_CLIP, "-g", "4"];
  runTool("ffmpeg", ["-v", "error", ...cut, slowClip]);
  const modulePath = "/var/lib/sabrewing/small.wasm";
  writeFileSync(join(work, "small.wasm"), (await compileFile(weights, MODULE)).bytes);
  copyFileSync(join(work, "small.wasm"), join(root, modulePath));

  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await startEmbeddedBroker());
  const camera = stack.use(await startCamera(slowClip));
  const isThere = Promise.withResolvers<void>();
  const hasGone = Promise.withResolvers<void>();
  const onMessage = ({ topic, payload }: { readonly topic: string; readonly payload: Buffer }) => {
    if (topic !== `${PREFIX}/events`) return;
    const event = readEvent(payload);
    console.log(eventLine(event));
    if (event.type === "new") isThere.resolve();
    if (event.type === "end") hasGone.resolve();
  };
  stack.use(await listen(broker.address, PREFIX, onMessage, console.error));

  const config = "/etc/sabrewing/sabrewing.yml";
  const settings = {
    broker: broker.address,
    prefix: PREFIX,
    modulePath,
    cameraUrl: camera.url,
    labels: ["person"],
    snapshots: false,
    statsIntervalSeconds: 60,
  };
  writeFileSync(join(root, config), agentConfig({ ...settings, stateDirectory: "/var/lib/sabrewing" }));
  // Wasmer takes longer to start under qemu than a detector is given; `replies` has shown that it replies the same.
  appendFileSync(join(root, config), "detector: {runtime: v8, deadline_ms: 600000}\n");
  chmodSync(join(root, config), 0o644);
  const asService = (...command: readonly string[]) =>
    ["chroot", root, "setpriv", ...SERVICE_USER, "--", ...command] as const;
  const [program, ...check] = asService("sabrewing", "check");
  const [status] = await once(spawn(program, check, { stdio: "inherit", env: ENVIRONMENT }), "exit");
  // An emulated ffmpeg may well take longer than check gives a camera: that is for later, says its exit code.
  if (status !== EXIT.ok && status !== EXIT.transient)
    throw new Error(`sabrewing check ended with ${status}`);
  const [first, ...others] = asService("sabrewing", "run");
  const agent = stack.use(
    startChild("the agent", [first, ...others], { env: ENVIRONMENT, onLine: (line) => console.log(line) }),
  );
  const tooLate = AbortSignal.timeout(PATIENCE_MS);
  await Promise.race([
    isThere.promise,
    agent.ended.then((how) => Promise.reject(new Error(`the agent ended: ${how}`))),
    new Promise((_, reject) =>
      tooLate.addEventListener("abort", () => reject(new Error(`nobody seen on ${CAMERA}`))),
    ),
  ]);
  await agent.stop();
  await hasGone.promise;
}
