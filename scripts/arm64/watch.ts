/**
 * node scripts/arm64/watch.ts ROOT: runs the agent of the arm64 package in the chroot ROOT until it has published the
 * events of a person. Camera and broker run on this machine, whose loopback interface the chroot shares.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../agent/base/errors.ts";
import { agentConfig, CAMERA } from "../demonstration/agent-config.ts";
import { startEmbeddedBroker } from "../demonstration/broker.ts";
import { startCamera } from "../demonstration/camera.ts";
import { startChild } from "../demonstration/child.ts";
import { eventLine } from "../demonstration/event-line.ts";
import { listen } from "../demonstration/listener.ts";
import { readEvent } from "../demonstration/summary.ts";
import { makeSlowMaterials } from "./slow-materials.ts";

const PREFIX = "sabrewing";
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
if (root === undefined) throw new Error("expected the folder of the arm64 Debian");

const work = mkdtempSync(join(tmpdir(), "sabrewing-arm64-"));
try {
  await watch(root);
} finally {
  rmSync(work, { recursive: true });
}

async function watch(root: string): Promise<void> {
  const slow = await makeSlowMaterials(work);
  const modulePath = "/var/lib/sabrewing/small.wasm";
  copyFileSync(slow.module, join(root, modulePath));

  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await startEmbeddedBroker());
  const camera = stack.use(await startCamera(slow.clip));
  const hasAppeared = Promise.withResolvers<void>();
  const hasGone = Promise.withResolvers<void>();
  const onMessage = ({ topic, payload }: { readonly topic: string; readonly payload: Buffer }) => {
    if (topic !== `${PREFIX}/events`) return;
    const event = readEvent(payload);
    console.log(eventLine(event));
    if (event.type === "new") hasAppeared.resolve();
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
    // Wasmer takes longer to start under qemu than the agent allows; `replies` has shown that both give equal replies.
    detector: { runtime: "v8", deadlineMs: 600_000 } as const,
  };
  writeFileSync(join(root, config), agentConfig({ ...settings, stateDirectory: "/var/lib/sabrewing" }));
  chmodSync(join(root, config), 0o644);
  const asService = (...command: readonly string[]) =>
    ["chroot", root, "setpriv", ...SERVICE_USER, "--", ...command] as const;
  const [program, ...check] = asService("sabrewing", "check");
  const [status] = await once(spawn(program, check, { stdio: "inherit", env: ENVIRONMENT }), "exit");
  // An emulated ffmpeg may take longer than check allows a camera: then its exit code is that of a transient error.
  if (status !== EXIT.ok && status !== EXIT.transient)
    throw new Error(`sabrewing check ended with ${status}`);
  const [first, ...others] = asService("sabrewing", "run");
  const agent = stack.use(
    startChild("the agent", [first, ...others], { env: ENVIRONMENT, onLine: (line) => console.log(line) }),
  );
  const tooLate = AbortSignal.timeout(PATIENCE_MS);
  await Promise.race([
    hasAppeared.promise,
    agent.ended.then((how) => Promise.reject(new Error(`the agent ended: ${how}`))),
    new Promise((_, reject) =>
      tooLate.addEventListener("abort", () => reject(new Error(`no person was detected on ${CAMERA}`))),
    ),
  ]);
  await agent.stop();
  await hasGone.promise;
}
