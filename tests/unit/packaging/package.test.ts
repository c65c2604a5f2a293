import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { buildPackage } from "../../../scripts/packaging/build-package.ts";
import { CONFFILES, PROGRAM, type Sources } from "../../../scripts/packaging/contents.ts";
import { isNeedless } from "../../../scripts/packaging/needless.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { readRepositoryFile as read } from "../../support/packaging/shipped-packages.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const hasDpkg = spawnSync("dpkg-deb", ["--version"]).status === 0;
const dpkgDeb = (...words: readonly string[]) => spawnSync("dpkg-deb", words, { encoding: "utf8" }).stdout;

/** Small sources with the structure of those of scripts/package. */
function smallSources(folder: string): Sources {
  const write = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), path);
  };
  [
    "node/bin/node",
    "node/LICENSE",
    "node/README.md",
    "dist/agent/main.js",
    "dist/detectors/detector.js",
    "dist/shell/sabrewing.1.gz",
    "dist/shell/sabrewing.bash",
    "dist/shell/_sabrewing",
    "dist/shell/sabrewing.fish",
    "models/mobilenet-512x512.wasm",
    "models/LICENSE",
    "node_modules/mqtt/build/index.js",
    "node_modules/mqtt/build/index.js.map",
    "node_modules/mqtt/LICENSE.md",
    "node_modules/mqtt/README.md",
    "node_modules/@types/node/index.d.ts",
    "stand-in/index.js",
  ].forEach(write);
  symlinkSync("../stand-in", join(folder, "node_modules/linked"));
  const here = (name: string) => join(folder, name);
  return {
    root: ROOT,
    dist: here("dist"),
    node: here("node"),
    nodeModules: here("node_modules"),
    models: here("models"),
  };
}

async function smallPackage(inspect: (file: string) => void | Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const { file } = buildPackage({
    version: "1.2.3",
    machine: { debian: "arm64", npm: "arm64" },
    sources: smallSources(folder.path),
    output: folder.path,
    sourceDateEpoch: 1_700_000_000,
    compression: "none",
  });
  await inspect(file);
}

/** Mode, owner and path of every file in the package, without folders. */
function filesOf(file: string): readonly string[] {
  return dpkgDeb("--contents", file)
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/\s+/))
    .filter(([mode]) => !mode?.startsWith("d"))
    .map(([mode, owner, , , , path]) => `${mode} ${owner} ${path?.slice(1)}`);
}

describe.skipIf(!hasDpkg)("the Debian package", () => {
  test("contains the program, Node, libraries, a detector and the service", () =>
    smallPackage((file) => {
      const data = [
        "/etc/sabrewing/sabrewing.yml",
        "/usr/lib/sabrewing/bin/LICENSE",
        "/usr/lib/sabrewing/config/sabrewing.schema.json",
        "/usr/lib/sabrewing/config/sabrewing.yml",
        "/usr/lib/sabrewing/config/starter.yml",
        "/usr/lib/sabrewing/dist/agent/main.js",
        "/usr/lib/sabrewing/dist/detectors/detector.js",
        "/usr/lib/sabrewing/models/LICENSE",
        "/usr/lib/sabrewing/models/mobilenet-512x512.wasm",
        "/usr/lib/sabrewing/node_modules/linked/index.js",
        "/usr/lib/sabrewing/node_modules/mqtt/LICENSE.md",
        "/usr/lib/sabrewing/node_modules/mqtt/build/index.js",
        "/usr/lib/sabrewing/package.json",
        "/usr/lib/systemd/system/sabrewing.service",
        "/usr/share/bash-completion/completions/sabrewing",
        "/usr/share/doc/sabrewing/CHANGELOG.md",
        "/usr/share/doc/sabrewing/copyright",
        "/usr/share/fish/vendor_completions.d/sabrewing.fish",
        "/usr/share/man/man1/sabrewing.1.gz",
        "/usr/share/zsh/vendor-completions/_sabrewing",
      ].map((path) => `-rw-r--r-- root/root ${path}`);
      const programs = ["/usr/bin/sabrewing", "/usr/lib/sabrewing/bin/node"].map(
        (path) => `-rwxr-xr-x root/root ${path}`,
      );
      expect(filesOf(file).toSorted()).toEqual([...data, ...programs].toSorted());
    }));

  test("names its architecture and depends on ffmpeg and system libraries", () =>
    smallPackage((file) => {
      expect(dpkgDeb("--field", file, "Package", "Version", "Architecture")).toBe(
        "Package: sabrewing\nVersion: 1.2.3\nArchitecture: arm64\n",
      );
      const depends = dpkgDeb("--field", file, "Depends").trim().split(", ");
      expect(depends.map((text) => text.split(" ")[0])).toEqual([
        "ffmpeg",
        "libc6",
        "libgcc-s1",
        "libstdc++6",
      ]);
      expect(dpkgDeb("--info", file, "conffiles")).toBe(`${CONFFILES.join("\n")}\n`);
    }));

  test("has the same bytes when it is built again with another umask", async () => {
    const sums: string[] = [];
    for (const mask of [0o022, 0o077]) {
      const before = process.umask(mask);
      try {
        await smallPackage((file) => void sums.push(sha256(file)));
      } finally {
        process.umask(before);
      }
    }
    expect(sums[0]).toBe(sums[1]);
  });
});

test.each([
  ["zod/v4/core/api.js", false],
  ["zod/v4/core/api.d.cts", true],
  ["zod/src/index.ts", true],
  ["yaml/dist/doc/Document.js", false],
  ["yaml/LICENSE", false],
  ["bintrees/test/data.js", true],
  ["mqtt/dist/mqtt.min.js", true],
  ["mqtt/build/lib/client.js", false],
  ["@img/sharp-linux-arm64/lib/sharp-linux-arm64.node", false],
  ["@img/sharp-libvips-linux-arm64/THIRD-PARTY-NOTICES.md", false],
  ["@wasmer/sdk/pkg/wasmer_sdk_js_bg.wasm", false],
  ["@wasmer/sdk/README.md", true],
  ["@types/node", true],
  [".bin", true],
  [".package-lock.json", true],
])("of an npm package, %s is needless: %s", (path, expected) => {
  expect(isNeedless(path)).toBe(expected);
});

describe("the installed files are consistent", () => {
  const unit = read("config/sabrewing.service");
  const wrapper = read("scripts/packaging/debian/sabrewing");
  const start = /^ExecStart=(.*) run -c (.*)$/m.exec(unit);

  test("the unit starts the same program as the command `sabrewing`, with the installed configuration", () => {
    const words = start?.[1]?.split(" ").filter((word) => !word.startsWith("--"));
    expect(words).toEqual([`${PROGRAM}/bin/node`, `${PROGRAM}/dist/agent/main.js`]);
    expect(wrapper).toContain(`exec ${start?.[1]} "$@"`);
    expect([start?.[2]]).toEqual(CONFFILES);
  });

  test("the package makes and removes the unit's user and folder", () => {
    expect(unit).toMatch(/^User=sabrewing$/m);
    expect(unit).toMatch(/^StateDirectory=sabrewing$/m);
    expect(read("scripts/packaging/debian/postinst")).toMatch(/useradd .*(\\\n.*)* sabrewing$/m);
    expect(read("scripts/packaging/debian/postrm")).toMatch(/rm -rf .*"\$root\/var\/lib\/sabrewing"/);
  });

  test("the only model is MobileNet, whose licence requires only its text", () => {
    expect(read("scripts/package.ts")).toContain('findKnown("mobilenet")');
  });
});

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
