import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { EXIT } from "../../agent/base/errors.ts";
import { loadConfig } from "../../agent/config/load.ts";
import { packageFile } from "../../scripts/packaging/build-package.ts";
import { PROGRAM } from "../../scripts/packaging/contents.ts";
import { MACHINES } from "../../scripts/packaging/machine.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("the container files", () => {
  const dockerfiles = readdirSync(join(ROOT, "docker")).filter(
    (name) => /^Dockerfile(\.[a-z]+)?$/.test(name) && !name.endsWith(".dockerignore"),
  );

  test.each(dockerfiles)("%s takes only what its ignore file lets through", (name) => {
    const allowed = read(`docker/${name}.dockerignore`)
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
    const taken = [
      ...read(`docker/${name}`).matchAll(/^COPY (?!--from)(\S+) \S+$|--mount=type=bind,source=([^,]+),/gm),
    ].flatMap(([, copied, mounted]) => copied ?? mounted ?? []);
    expect(taken.length).toBeGreaterThan(0);
    for (const path of taken)
      expect(
        allowed.some((one) => one === path || one.startsWith(`${path}/`)),
        path,
      ).toBe(true);
  });

  test("the agent's image holds the package of its machine, and starts what the package installs", () => {
    const dockerfile = read("docker/Dockerfile");
    const { version } = JSON.parse(read("package.json"));
    // Docker's names for machines are Debian's.
    for (const { debian } of MACHINES)
      expect(dockerfile.replace(/\$\{TARGETARCH\}/, debian).replace("*", version)).toContain(
        `/packages/${packageFile(version, { debian })}`,
      );
    expect(dockerfile).toMatch(/^ENTRYPOINT \["sabrewing"\]$/m);
    expect(dockerfile).toMatch(/^USER sabrewing$/m);
  });

  test("compose.yml names only files that are there and an agent configuration that is valid", () => {
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
    // Other containers call the agent by the name of its service.
    expect(Object.keys(services)).toContain("agent");
    expect([config.metrics.allowed_hosts, config.view.allowed_hosts]).toEqual([["agent"], ["agent"]]);
    // Which the package's own test knows to be there.
    expect(config.model.path).toBe(`${PROGRAM}/models/mobilenet-512x512.wasm`);
  });
});

describe("the systemd unit", () => {
  const path = join(ROOT, "config/sabrewing.service");
  const analyze = (...words: readonly string[]) => spawnSync("systemd-analyze", words, { encoding: "utf8" });
  const isInstalled = analyze("--version").status === 0;

  test.skipIf(!isInstalled)("leaves an intruder little: systemd rates its exposure 2.0 of 10 or less", () => {
    const { status, stdout } = analyze("security", "--offline=true", "--threshold=20", path);
    expect({ status, exposure: /Overall exposure.*/.exec(stdout)?.[0] }).toEqual({
      status: 0,
      exposure: expect.any(String),
    });
  });

  test.skipIf(!isInstalled)("has nothing that systemd complains about", () => {
    const { stdout, stderr } = analyze("verify", path);
    // The package need not be installed on the machine that runs this test.
    const complaints = (stdout + stderr)
      .split("\n")
      .filter((line) => !line.includes(`${PROGRAM}/bin/node is not executable`));
    expect(complaints.join("\n")).toBe("");
  });

  test("lets the agent compile what it runs, and speak through systemd-notify", () => {
    const unit = read("config/sabrewing.service");
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute/m);
    expect(unit).toMatch(/^Type=notify$/m);
    expect(unit).toMatch(/^NotifyAccess=all$/m);
    expect(unit).toMatch(/^WatchdogSec=\d+$/m);
  });
});

test("memory has a limit, and a child that reaches it does not take the service down", () => {
  const unit = read("config/sabrewing.service");
  expect(unit).toMatch(/^MemoryMax=\d+%$/m);
  expect(unit).toMatch(/^OOMPolicy=continue$/m);
  // Raised by the agent itself for its children, which needs no right that the unit takes away.
  expect(unit).not.toMatch(/^OOMScoreAdjust=/m);
  expect(unit).not.toMatch(/^ProcSubset=pid/m);
});

test("systemd does not start the agent again after an exit that only a person can help", () => {
  const unit = read("config/sabrewing.service");
  expect(unit).toContain(`RestartPreventExitStatus=${EXIT.config} ${EXIT.usage}`);
});
