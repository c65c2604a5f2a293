import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const DEBIAN = fileURLToPath(new URL("../../../scripts/packaging/debian", import.meta.url));
const SCRIPTS = ["postinst", "prerm", "postrm"] as const;

/** The commands of the scripts that would change or query this machine. */
const COMMANDS = [
  "chown",
  "deb-systemd-invoke",
  "getent",
  "systemctl",
  "systemd-run",
  "useradd",
  "userdel",
] as const;

/** Records its arguments and exits with the configured code. */
const FAKE = `#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> "$CALLS"
case "$name $1" in
  "getent passwd") exit "$NO_USER" ;;
  "systemd-run --quiet") printf '%s\\n' "$CHECKED"; exit "$CHECK" ;;
  "systemctl is-active") exit "$INACTIVE" ;;
  "systemctl is-enabled") exit "$DISABLED" ;;
  "systemctl --version") echo "systemd $SYSTEMD (a distribution's version)" ;;
esac
`;

/** The machine on which a script runs. */
interface Machine {
  readonly systemd?: boolean;
  readonly userExists?: boolean;
  /** Whether the configuration is the package's own, without broker and camera. */
  readonly isStarter?: boolean;
  /** Exit code of `sabrewing check`. */
  readonly check?: number;
  /** Components that it finds not to work. */
  readonly failing?: readonly string[];
  readonly active?: boolean;
  readonly enabled?: boolean;
  /** Version of systemd. */
  readonly version?: number;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly calls: readonly string[];
  readonly root: string;
}

async function run(
  script: (typeof SCRIPTS)[number],
  words: readonly string[],
  machine: Machine,
  inspect: (outcome: Outcome) => void,
): Promise<void> {
  await using folder = await temporaryFolder();
  const {
    systemd = true,
    userExists = false,
    check = 0,
    active = false,
    enabled = false,
    version = 252,
  } = machine;
  const starter = "mqtt: {}\n";
  const root = join(folder.path, "root");
  const bin = join(folder.path, "bin");
  const calls = join(folder.path, "calls");
  const folders = ["etc/sabrewing", "var/lib/sabrewing", "usr/lib/sabrewing/config"];
  for (const path of [bin, ...folders.map((name) => join(root, name))]) mkdirSync(path, { recursive: true });
  if (systemd) mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  writeFileSync(join(root, "usr/lib/sabrewing/config/starter.yml"), starter);
  writeFileSync(join(root, "etc/sabrewing/sabrewing.yml"), machine.isStarter ? starter : "mqtt: {host: b}\n");
  writeFileSync(join(root, "var/lib/sabrewing/outbox.db"), "events");
  writeFileSync(calls, "");
  writeFileSync(join(bin, "fake"), FAKE);
  chmodSync(join(bin, "fake"), 0o755);
  for (const name of COMMANDS) symlinkSync("fake", join(bin, name));
  const exit = (yes: boolean) => (yes ? "0" : "3");
  const { status, stdout } = spawnSync("/bin/sh", [join(DEBIAN, script), ...words], {
    encoding: "utf8",
    env: {
      PATH: `${bin}:/usr/bin:/bin`,
      DPKG_ROOT: root,
      CALLS: calls,
      CHECK: String(check),
      CHECKED: ["configuration", "ffmpeg", "camera door", "broker", "model"]
        .map((part) => JSON.stringify({ part, ok: !machine.failing?.includes(part), message: "" }))
        .join("\n"),
      NO_USER: exit(userExists),
      INACTIVE: exit(active),
      DISABLED: exit(enabled),
      SYSTEMD: String(version),
    },
  });
  inspect({ status, stdout, calls: readFileSync(calls, "utf8").trimEnd().split("\n"), root });
}

/** The commands to systemd, without queries. */
function orders(calls: readonly string[]): readonly string[] {
  return calls.filter((call) => /^(systemctl (enable|disable)|deb-systemd-invoke)/.test(call));
}

test.each(SCRIPTS)("%s is a script that sh can read", (name) => {
  const { status, stderr } = spawnSync("/bin/sh", ["-n", join(DEBIAN, name)], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

describe("`systemctl reload`", () => {
  const dropIn = "usr/lib/systemd/system/sabrewing.service.d/notify-reload.conf";

  test("leaves the signal to systemd from version 253 on", () =>
    run("postinst", ["configure", ""], { version: 253 }, ({ status, root }) => {
      expect(status).toBe(0);
      expect(readFileSync(join(root, dropIn), "utf8")).toBe("[Service]\nType=notify-reload\nExecReload=\n");
    }));

  test("uses the unit's own command before", () =>
    run("postinst", ["configure", ""], { version: 252 }, ({ status, root }) => {
      expect(status).toBe(0);
      expect(existsSync(join(root, dropIn))).toBe(false);
    }));
});

describe("the first installation", () => {
  const install = ["configure", ""];

  test("makes a user without a login, and folders that only this user and root can read", () =>
    run("postinst", install, {}, ({ status, calls, root }) => {
      expect(status).toBe(0);
      expect(calls.find((call) => call.startsWith("useradd"))).toMatch(
        /--system .*--shell \/usr\/sbin\/nologin/,
      );
      expect(statSync(join(root, "etc/sabrewing")).mode & 0o7777).toBe(0o2750);
      expect(statSync(join(root, "etc/sabrewing/sabrewing.yml")).mode & 0o7777).toBe(0o640);
      expect(statSync(join(root, "var/lib/sabrewing")).mode & 0o7777).toBe(0o750);
    }));

  test("keeps an existing user", () =>
    run("postinst", install, { userExists: true }, ({ calls }) => {
      expect(calls.some((call) => call.startsWith("useradd"))).toBe(false);
    }));

  test("ends with the next commands, and checks nothing that is not configured yet", () =>
    run("postinst", install, { isStarter: true, check: 78 }, ({ status, stdout, calls }) => {
      expect(status).toBe(0);
      expect(calls.filter((call) => call.startsWith("systemd-run"))).toEqual([]);
      expect(orders(calls)).toEqual([]);
      expect(stdout).toMatch(
        /^sabrewing: installed\. .*\n {2}sudo sabrewing init .*\n {2}sudo systemctl enable --now sabrewing .*\n$/,
      );
    }));

  test.each([75, 78])(
    "does not start a configured service when check exits with %i, and prints the next commands",
    (check) =>
      run("postinst", install, { check }, ({ status, stdout, calls }) => {
        expect(status).toBe(0);
        expect(orders(calls)).toEqual([]);
        expect(stdout).toMatch(
          /not started: .*\n {2}sudo sabrewing check .*\n {2}sudo systemctl enable --now/,
        );
      }),
  );

  test("starts the service, now and at every boot, when check succeeds", () =>
    run("postinst", install, { check: 0 }, ({ calls }) => {
      expect(orders(calls)).toEqual([
        "systemctl enable --quiet sabrewing.service",
        "deb-systemd-invoke start sabrewing.service",
      ]);
    }));

  test("runs check as the service's user", () =>
    run("postinst", install, {}, ({ calls }) => {
      expect(calls.find((call) => call.includes("sabrewing check"))).toContain("--property=User=sabrewing");
    }));

  test("does not call systemd in a container without it", () =>
    run("postinst", install, { systemd: false }, ({ status, calls, stdout }) => {
      expect(status).toBe(0);
      expect(calls.filter((call) => call.startsWith("system"))).toEqual([]);
      expect(stdout).toContain("systemd is not running");
    }));
});

describe("an upgrade", () => {
  const upgrade = ["configure", "0.0.9"];

  const running = { active: true, enabled: true, check: 78 };

  test.each([[[]], [["camera door"]], [["broker", "camera door"]]])(
    "restarts a running service, also when these components do not work: %j",
    (failing) =>
      run("postinst", upgrade, { ...running, failing }, ({ calls }) => {
        expect(orders(calls)).toEqual(["deb-systemd-invoke restart sabrewing.service"]);
      }),
  );

  test.each(["configuration", "ffmpeg", "model"])(
    "does not restart the service when the new version could not start because of its %s",
    (part) =>
      run("postinst", upgrade, { ...running, failing: [part] }, ({ status, calls, stdout }) => {
        expect(status).toBe(0);
        expect(orders(calls)).toEqual([]);
        expect(stdout).toContain("sabrewing check");
      }),
  );

  test("does not start a disabled service", () =>
    run("postinst", upgrade, {}, ({ calls }) => expect(orders(calls)).toEqual([])));

  test("does not stop the service before the new files are installed, and keeps stored events", () =>
    run("prerm", ["upgrade", "9.9.9"], { active: true }, ({ calls, root }) => {
      expect(orders(calls)).toEqual([]);
      expect(readFileSync(join(root, "var/lib/sabrewing/outbox.db"), "utf8")).toBe("events");
    }));
});

test("removal stops the service and keeps configuration and state", async () => {
  await run("prerm", ["remove"], { active: true }, ({ calls }) => {
    expect(orders(calls)).toEqual(["deb-systemd-invoke stop sabrewing.service"]);
  });
  await run("postrm", ["remove"], {}, ({ status, root }) => {
    expect(status).toBe(0);
    expect(existsSync(join(root, "etc/sabrewing/sabrewing.yml"))).toBe(true);
    expect(existsSync(join(root, "var/lib/sabrewing/outbox.db"))).toBe(true);
  });
});

test("purging removes configuration, state and user", () =>
  run("postrm", ["purge"], { userExists: true }, ({ status, calls, root }) => {
    expect(status).toBe(0);
    expect(existsSync(join(root, "etc/sabrewing"))).toBe(false);
    expect(existsSync(join(root, "var/lib/sabrewing"))).toBe(false);
    expect(calls).toContain("userdel sabrewing");
  }));
