/**
 * node scripts/systemd/trial.ts PID PACKAGE: a new user's first minutes with PACKAGE (a path over there) on the machine
 * whose systemd is PID, and then what may happen to a service. Camera and broker run on this machine, whose network that
 * one shares.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { waitUntil } from "../../tests/support/wait-until.ts";
import { startEmbeddedBroker } from "../demonstration/broker.ts";
import { startCamera } from "../demonstration/camera.ts";
import { listen, type Message } from "../demonstration/listener.ts";
import { findMedia } from "../materials.ts";

const PREFIX = "sabrewing";
const CONFIG = "/etc/sabrewing/sabrewing.yml";
/** Issue 7: from the package to the first event in under two minutes. */
const FIRST_EVENT_WITHIN_MS = 120_000;
/** Issue 6: what `systemd-analyze security` may say. */
const MOST_EXPOSURE = 2;
/** WatchdogSec=60, and some for the start after it. */
const BACK_WITHIN_MS = 100_000;

const [machine, debianPackage] = process.argv.slice(2);
if (machine === undefined || debianPackage === undefined)
  throw new Error("expected the process id of a systemd and the path of a package over there");
const clip = findMedia("person.mp4");
if (clip === undefined) throw new Error("person.mp4 is needed: CONTRIBUTING.md says where it is looked for");

await using stack = new AsyncDisposableStack();
const broker = stack.use(await startEmbeddedBroker());
const camera = stack.use(await startCamera(clip));
let events = 0;
const countEvents = ({ topic }: Message) => {
  if (topic === `${PREFIX}/events`) events++;
};
stack.use(await listen(broker.address, PREFIX, countEvents, console.error));

const startMs = performance.now();
assert.match(await install(), /not started yet/);
assert.equal(await property("ActiveState"), "inactive");
tell("installed; nothing runs before there is a configuration");

const cameraAndBroker = ["--broker", `127.0.0.1:${broker.address.port}`, "--camera", `door=${camera.url}`];
await type("sabrewing", "init", "--yes", ...cameraAndBroker);
await type("systemctl", "enable", "--now", "--quiet", "sabrewing");
await waitUntil("an event", () => events > 0, FIRST_EVENT_WITHIN_MS);
tell(`first event ${seconds(startMs)} s after apt install began`);

await cameraIsBack();
assert.match(
  await type("journalctl", "--no-pager", "--identifier", "sabrewing"),
  /camera is on .*"camera":"door"/,
);
assert.match(await type("sabrewing", "check"), /✓ camera door/);
tell(`systemctl status: ${await property("StatusText")}; resident: ${await residentMegabytes()} MB`);

assert.equal(await type("systemd-analyze", "verify", "sabrewing.service"), "");
const security = await type("systemd-analyze", "security", "--no-pager", "sabrewing");
const exposure = Number(/Overall exposure level for sabrewing.service: ([\d.]+)/.exec(security)?.[1]);
assert.ok(exposure <= MOST_EXPOSURE, `exposure ${exposure}`);
tell(`systemd-analyze: verify has nothing to say, security says ${exposure}`);

await restarted("SIGKILL", () => signal("SIGKILL"));
await restarted("SIGSTOP", () => signal("SIGSTOP"));

const config = await type("cat", CONFIG);
await restarted("an upgrade", () => install("--reinstall"));
assert.equal(await type("cat", CONFIG), config);
tell("the upgrade kept the configuration");

await type("apt-get", "purge", "--quiet", "--yes", "sabrewing");
assert.equal(await type("find", "/etc", "/usr/lib", "/var/lib", "-maxdepth", "1", "-name", "sabrewing*"), "");
assert.doesNotMatch(await type("getent", "passwd"), /sabrewing/);
tell("purged: its folders and its user are gone");

function install(...options: readonly string[]): Promise<string> {
  return type("apt-get", "install", "--quiet", "--yes", ...options, debianPackage ?? "");
}

/** Has the service started again by systemd. */
async function restarted(why: string, inflict: () => Promise<unknown>): Promise<void> {
  const before = await property("MainPID");
  const inflictedMs = performance.now();
  await inflict();
  const isAnother = async () => !["0", before].includes(await property("MainPID"));
  await waitUntil(`another process after ${why}`, isAnother, BACK_WITHIN_MS);
  await cameraIsBack();
  tell(`after ${why} it is back in ${seconds(inflictedMs)} s`);
}

function signal(name: NodeJS.Signals): Promise<string> {
  return type("systemctl", "kill", "--kill-whom=main", `--signal=${name}`, "sabrewing");
}

function cameraIsBack(): Promise<void> {
  const isOnLine = async () => (await property("StatusText")) === "1 of 1 cameras online";
  return waitUntil("its camera", isOnLine, BACK_WITHIN_MS);
}

async function property(name: string): Promise<string> {
  return (await type("systemctl", "show", "--value", "--property", name, "sabrewing")).trim();
}

async function residentMegabytes(): Promise<number> {
  const status = await type("cat", `/proc/${await property("MainPID")}/status`);
  return Math.round((Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6);
}

/** Runs a command over there, as root. */
async function type(...command: readonly string[]): Promise<string> {
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

function tell(what: string): void {
  console.log(`✓ ${what}`);
}
