/**
 * node scripts/systemd/trial.ts PID PACKAGE: installs PACKAGE (a path in the container) in the container whose systemd has
 * the process ID PID, configures and starts the service as a new user does, and then crashes, hangs, upgrades and purges
 * it. Camera and broker run outside and share the container's network.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { decoderMemoryMb } from "../../agent/camera/decoder-process.ts";
import { waitUntil } from "../../tests/support/time/wait-until.ts";
import { startEmbeddedBroker } from "../demonstration/broker.ts";
import { startCamera } from "../demonstration/camera.ts";
import { listen, type Message } from "../demonstration/listener.ts";
import { findMedia } from "../materials.ts";

const PREFIX = "sabrewing";
const CONFIG = "/etc/sabrewing/sabrewing.yml";
/** The aim: from the package to the first event in under two minutes. */
const FIRST_EVENT_WITHIN_MS = 120_000;
/** Highest allowed exposure in `systemd-analyze security`. */
const MOST_EXPOSURE = 2;
/** WatchdogSec=60 and time for the start. */
const BACK_WITHIN_MS = 100_000;

const [machine, debianPackage] = process.argv.slice(2);
if (machine === undefined || debianPackage === undefined)
  throw new Error("expected the process ID of a systemd and the path of a package in its container");
const clip = findMedia("person.mp4");
if (clip === undefined) throw new Error("person.mp4 is missing: CONTRIBUTING.md says where it is searched");

await using stack = new AsyncDisposableStack();
const broker = stack.use(await startEmbeddedBroker());
const camera = stack.use(await startCamera(clip));
let events = 0;
const countEvents = ({ topic }: Message) => {
  if (topic === `${PREFIX}/events`) events++;
};
stack.use(await listen(broker.address, PREFIX, countEvents, console.error));

const startMs = performance.now();
assert.match(await install(), /installed\. Next, run/);
assert.equal(await property("ActiveState"), "inactive");
report("installed; the service is inactive until it is configured");

const cameraAndBroker = ["--broker", `127.0.0.1:${broker.address.port}`, "--camera", `door=${camera.url}`];
await runInside("sabrewing", "init", "--yes", ...cameraAndBroker);
await runInside("systemctl", "enable", "--now", "--quiet", "sabrewing");
await waitUntil("an event", () => events > 0, FIRST_EVENT_WITHIN_MS);
report(`first event ${seconds(startMs)} s after apt install began`);

await cameraIsBack();
assert.match(
  await runInside("journalctl", "--no-pager", "--identifier", "sabrewing"),
  /camera is on .*"camera":"door"/,
);
assert.match(await runInside("sabrewing", "check"), /✓ camera door/);
report(`systemctl status: ${await property("StatusText")}; resident: ${await residentMegabytes()} MB`);

assert.equal(await runInside("systemd-analyze", "verify", "sabrewing.service"), "");
const security = await runInside("systemd-analyze", "security", "--no-pager", "sabrewing");
const exposure = Number(/Overall exposure level for sabrewing.service: ([\d.]+)/.exec(security)?.[1]);
assert.ok(exposure <= MOST_EXPOSURE, `exposure ${exposure}`);
report(`systemd-analyze: verify reports nothing, security reports ${exposure}`);

assert.equal(await property("OOMPolicy"), "continue");
assert.match(await property("MemoryMax"), /^\d+$/);
const decoder = await ffmpegFolder();
// The size of person.mp4.
const decoderBytes = decoderMemoryMb({ width: 768, height: 432 }) * 1e6;
assert.match(
  await runInside("cat", `${decoder}/limits`),
  new RegExp(`^Max data size +${decoderBytes} +${decoderBytes} `, "m"),
);
assert.equal(await runInside("cat", `${decoder}/oom_score_adj`), "500\n");
const agent = await property("MainPID");
await runInside("sh", "-c", `kill -KILL ${basename(decoder)}`);
await waitUntil("another ffmpeg", async () => ![decoder, ""].includes(await ffmpegFolder()), BACK_WITHIN_MS);
await cameraIsBack();
assert.equal(await property("MainPID"), agent);
report("ffmpeg runs with its limits; if the kernel kills it, the agent opens the camera again");

await restarted("SIGKILL", () => signal("SIGKILL"));
await restarted("SIGSTOP", () => signal("SIGSTOP"));

await reloaded();

const config = await runInside("cat", CONFIG);
await restarted("an upgrade", () => install("--reinstall"));
assert.equal(await runInside("cat", CONFIG), config);
report("the upgrade keeps the configuration");

await runInside("apt-get", "purge", "--quiet", "--yes", "sabrewing");
assert.equal(
  await runInside("find", "/etc", "/usr/lib", "/var/lib", "-maxdepth", "1", "-name", "sabrewing*"),
  "",
);
assert.doesNotMatch(await runInside("getent", "passwd"), /sabrewing/);
report("purging removes its folders and its user");

function install(...options: readonly string[]): Promise<string> {
  return runInside("apt-get", "install", "--quiet", "--yes", ...options, debianPackage ?? "");
}

/** Changes the configuration. When `systemctl reload` returns, the change is in force; a mistake changes nothing. */
async function reloaded(): Promise<void> {
  const before = await property("MainPID");
  const said = () => runInside("journalctl", "--no-pager", "--identifier", "sabrewing");
  const own = await runInside("cat", CONFIG);
  const change = 's/^    detect:/    zones: {porch: {coordinates: "0,0,1,0,1,1"}}\\n    detect:/';
  await runInside("sed", "-i", change, CONFIG);
  await runInside("systemctl", "reload", "sabrewing");
  assert.match(await said(), /the configuration is reloaded.*cameras\.door\.zones\.porch/);
  assert.equal(await property("ActiveState"), "active");
  await runInside("sed", "-i", "s/^mqtt:/mqttt:/", CONFIG);
  await runInside("systemctl", "reload", "sabrewing");
  assert.match(await said(), /the configuration is not reloaded/);
  await runInside("sh", "-c", 'printf %s "$2" >"$1"', "sh", CONFIG, own);
  await runInside("systemctl", "reload", "sabrewing");
  assert.equal(await property("MainPID"), before);
  assert.equal(await property("ActiveState"), "active");
  report(`systemctl reload waits for the agent (Type=${await property("Type")})`);
}

/** Inflicts a fault and waits until systemd has restarted the service. */
async function restarted(why: string, inflict: () => Promise<unknown>): Promise<void> {
  const before = await property("MainPID");
  const inflictedMs = performance.now();
  await inflict();
  const isAnother = async () => !["0", before].includes(await property("MainPID"));
  await waitUntil(`another process after ${why}`, isAnother, BACK_WITHIN_MS);
  await cameraIsBack();
  report(`after ${why} it recovers in ${seconds(inflictedMs)} s`);
}

function signal(name: NodeJS.Signals): Promise<string> {
  return runInside("systemctl", "kill", "--kill-whom=main", `--signal=${name}`, "sabrewing");
}

function cameraIsBack(): Promise<void> {
  const isOnLine = async () => (await property("StatusText")) === "1 of 1 cameras online";
  return waitUntil("its camera", isOnLine, BACK_WITHIN_MS);
}

/** The folder of ffmpeg's process in /proc; empty if none runs. */
async function ffmpegFolder(): Promise<string> {
  // The shell lists processes that may have ended when grep opens their files.
  const found = await runInside("sh", "-c", "grep -lsx ffmpeg /proc/[0-9]*/comm || true");
  return found === "" ? "" : dirname(found.split("\n", 1)[0] ?? "");
}

async function property(name: string): Promise<string> {
  return (await runInside("systemctl", "show", "--value", "--property", name, "sabrewing")).trim();
}

async function residentMegabytes(): Promise<number> {
  const status = await runInside("cat", `/proc/${await property("MainPID")}/status`);
  return Math.round((Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6);
}

/** Runs a command in the container as root. */
async function runInside(...command: readonly string[]): Promise<string> {
  const there = [
    "--target",
    machine ?? "",
    "--mount",
    "--pid",
    "--ipc",
    "--uts",
    "--cgroup",
    "--root",
    "--wd",
  ];
  const environment = [
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
  ];
  const run = promisify(execFile)("nsenter", [...there, "env", "-i", ...environment, ...command]);
  const { stdout } = await run.catch(({ stdout, stderr }: { stdout: string; stderr: string }) => {
    throw new Error(`${command.join(" ")} failed:\n${stdout}${stderr}`);
  });
  return stdout;
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1000);
}

function report(what: string): void {
  console.log(`✓ ${what}`);
}
