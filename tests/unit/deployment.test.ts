import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { EXIT } from "../../agent/base/errors.ts";
import { loadConfig } from "../../agent/config/load.ts";
import { packageFile } from "../../scripts/packaging/build-package.ts";
import { maintainerScripts, PROGRAM, packageContents } from "../../scripts/packaging/contents.ts";
import { MACHINES } from "../../scripts/packaging/machine.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("the container files", () => {
  const dockerfiles = readdirSync(join(ROOT, "docker")).filter(
    (name) => /^Dockerfile(\.[a-z]+)?$/.test(name) && !name.endsWith(".dockerignore"),
  );

  test.each(dockerfiles)("%s copies only files that its ignore file includes", (name) => {
    const allowed = read(`docker/${name}.dockerignore`)
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
    const taken = [...read(`docker/${name}`).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, copied = ""]) => copied.split(" "),
    );
    expect(taken.length).toBeGreaterThan(0);
    for (const path of taken)
      expect(
        allowed.some((one) => `${path}/`.startsWith(`${one}/`) || one.startsWith(`${path}/`)),
        path,
      ).toBe(true);
    for (const path of taken) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test("the agent's image is built from a clone, with everything that goes into the package", () => {
    const copied =
      read("docker/Dockerfile")
        .match(/^COPY (?!--from).+ (?=\S+$)/gm)
        ?.join(" ") ?? "";
    const root = "/clone";
    const sources = { root, dist: "dist", node: "node", nodeModules: "modules", models: "models" };
    const files = [...packageContents(sources), ...maintainerScripts(root)]
      .map(({ from }) => relative(root, from))
      .filter((from) => !from.startsWith(".."));
    expect(files).toContain("config/sabrewing.service");
    for (const file of files)
      expect(
        copied.split(" ").some((one) => file === one || file.startsWith(`${one}/`)),
        file,
      ).toBe(true);
    expect(read("docker/Dockerfile")).toContain("FROM --platform=$BUILDPLATFORM node:24-");
  });

  test("compose.pi.yml runs the agent alone: on the host's network, without rights, with its secrets in a file", () => {
    const { services } = parse(read("docker/compose.pi.yml"));
    expect(Object.keys(services)).toEqual(["agent"]);
    const { agent } = services;
    expect(existsSync(join(ROOT, agent.build.dockerfile))).toBe(true);
    expect(agent).toMatchObject({ network_mode: "host", restart: "unless-stopped", cap_drop: ["ALL"] });
    expect([agent.environment, agent.env_file, agent.ports]).toEqual([undefined, undefined, undefined]);
    for (const volume of agent.volumes) {
      const [folder = ""] = volume.split(":");
      // Passwords and events must not be committed, nor become part of an image.
      expect(read(".gitignore")).toContain(`docker/${folder.slice(2)}/\n`);
      expect(read("docker/Dockerfile.dockerignore")).not.toMatch(/^!docker/m);
    }
  });

  test("the agent's image contains the package of its architecture, and starts the installed program", () => {
    const dockerfile = read("docker/Dockerfile");
    const { version } = JSON.parse(read("package.json"));
    // Docker uses Debian's names of architectures.
    for (const { debian } of MACHINES)
      expect(dockerfile.replaceAll(/\$\{TARGETARCH\}/g, debian).replace("*", version)).toContain(
        `/packages/${packageFile(version, { debian })}`,
      );
    expect(dockerfile).toMatch(/^ENTRYPOINT \["sabrewing"\]$/m);
    expect(dockerfile).toMatch(/^USER sabrewing$/m);
  });

  test("compose.yml names only existing files and a valid agent configuration", () => {
    const { services } = parse(read("docker/compose.yml"));
    for (const service of [services.camera, services.agent])
      expect(existsSync(join(ROOT, service.build.dockerfile))).toBe(true);
    const mounted: string[] = [services.broker, services.agent]
      .flatMap((service) => service.volumes)
      .filter((volume: string) => volume.startsWith("./"));
    for (const volume of mounted)
      expect(existsSync(join(ROOT, dirname("docker/compose.yml"), volume.split(":")[0] ?? ""))).toBe(true);
    const { config } = loadConfig(join(ROOT, "docker/sabrewing.yml"), {});
    expect(config.mqtt.host).toBe("broker");
    // Other containers reach the agent by its service's name.
    expect(Object.keys(services)).toContain("agent");
    expect([config.metrics.allowed_hosts, config.view.allowed_hosts]).toEqual([["agent"], ["agent"]]);
    // The package's own test checks this file.
    expect(config.model.path).toBe(`${PROGRAM}/models/mobilenet-512x512.wasm`);
  });
});

describe("the systemd unit", () => {
  const path = join(ROOT, "config/sabrewing.service");
  const analyze = (...words: readonly string[]) => spawnSync("systemd-analyze", words, { encoding: "utf8" });
  const isInstalled = analyze("--version").status === 0;

  test.skipIf(!isInstalled)("is hardened: systemd rates its exposure 2.0 of 10 or less", () => {
    const { status, stdout } = analyze("security", "--offline=true", "--threshold=20", path);
    expect({ status, exposure: /Overall exposure.*/.exec(stdout)?.[0] }).toEqual({
      status: 0,
      exposure: expect.any(String),
    });
  });

  test.skipIf(!isInstalled)("passes systemd-analyze verify without warnings", () => {
    const { stdout, stderr } = analyze("verify", path);
    // The package need not be installed on the machine that runs this test.
    const complaints = (stdout + stderr)
      .split("\n")
      .filter((line) => !line.includes(`${PROGRAM}/bin/node is not executable`));
    expect(complaints.join("\n")).toBe("");
  });

  test("lets the agent compile modules, and notify systemd through systemd-notify", () => {
    const unit = read("config/sabrewing.service");
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute/m);
    expect(unit).toMatch(/^Type=notify$/m);
    expect(unit).toMatch(/^NotifyAccess=all$/m);
    expect(unit).toMatch(/^WatchdogSec=\d+$/m);
  });
});

test("limits memory, and keeps the service running when a child reaches the limit", () => {
  const unit = read("config/sabrewing.service");
  expect(unit).toMatch(/^MemoryMax=\d+%$/m);
  expect(unit).toMatch(/^OOMPolicy=continue$/m);
  // The agent raises it for its children, which needs no privilege that the unit removes.
  expect(unit).not.toMatch(/^OOMScoreAdjust=/m);
  expect(unit).not.toMatch(/^ProcSubset=pid/m);
});

test("systemd does not restart the agent after an exit that only the user can fix", () => {
  const unit = read("config/sabrewing.service");
  expect(unit).toContain(`RestartPreventExitStatus=${EXIT.config} ${EXIT.usage}`);
});
