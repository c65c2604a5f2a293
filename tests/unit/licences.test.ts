import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  readRepositoryFile as read,
  type ShippedPackage,
  shippedPackages,
} from "../support/packaging/shipped-packages.ts";

/** Licences that are compatible with Apache-2.0 if the authors are named. */
const COMPATIBLE: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
  "Zlib",
]);

/**
 * sharp loads libvips as a shared library from a separate package, which a user can replace by another build, as the LGPL
 * requires. Only these packages may have that licence.
 */
const REPLACEABLE_LIBRARY = /^@img\/sharp-libvips-/;
const LGPL: ReadonlySet<string> = new Set(["LGPL-3.0-or-later"]);

const shipped = shippedPackages();

/** Evaluates an SPDX expression without nested parentheses: one of the OR parts, with all of its AND parts. */
function allows(expression: string, allowed: ReadonlySet<string>): boolean {
  return expression
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((licence) => allowed.has(licence)));
}

function isCompatible({ name, licence }: Pick<ShippedPackage, "name" | "licence">): boolean {
  if (licence === undefined) return false;
  // Not SPDX; its text is checked below.
  if (name === "@wasmer/sdk") return licence === "SEE LICENSE IN LICENSE";
  return allows(licence, COMPATIBLE) || (REPLACEABLE_LIBRARY.test(name) && allows(licence, LGPL));
}

test("every shipped package has a licence compatible with Apache-2.0", () => {
  expect(shipped.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["@wasmer/sdk", "@img/sharp-libvips-linux-arm64"]),
  );
  expect(shipped.filter((shippedPackage) => !isCompatible(shippedPackage))).toEqual([]);
});

test.each([
  "AGPL-3.0",
  "GPL-3.0-only",
  "SSPL-1.0",
  "LGPL-3.0-or-later",
  "MIT AND GPL-2.0",
  "UNLICENSED",
  undefined,
])("a package under %s would be refused", (licence) => {
  expect(isCompatible({ name: "anything", licence })).toBe(false);
});

test("accepts a choice of licences if one of them is compatible", () => {
  expect(isCompatible({ name: "anything", licence: "(GPL-2.0 OR MIT)" })).toBe(true);
});

test("replaces the AGPL part of the Wasmer SDK by an empty package", () => {
  const installed = z
    .object({ license: z.string(), description: z.string() })
    .parse(JSON.parse(read("node_modules/@mercuryworkshop/wisp-js/package.json")));
  expect(installed.license).toBe("Apache-2.0");
  expect(installed.description).toMatch(/^Empty stand-in/);
  // The override prevents the SDK from installing a newer version, which would be the real package.
  const stub = z
    .object({ version: z.string() })
    .parse(JSON.parse(read("scripts/npm-stubs/wisp-js/package.json")));
  expect(JSON.parse(read("package.json")).overrides["@wasmer/sdk"]).toEqual({
    "@mercuryworkshop/wisp-js": stub.version,
  });
  expect(read("node_modules/@mercuryworkshop/wisp-js/empty.js")).toBe(
    read("scripts/npm-stubs/wisp-js/empty.js"),
  );
  expect(shipped.filter(({ name }) => name === "@mercuryworkshop/wisp-js")).toHaveLength(1);
});

test("pins the Wasmer SDK to the version and the licence that were reviewed", () => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(read("node_modules/@wasmer/sdk/package.json")));
  expect(version).toBe("0.16.0");
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read("package.json")));
  expect(dependencies["@wasmer/sdk"]).toBe("0.16.0");
  const licence = read("node_modules/@wasmer/sdk/LICENSE");
  expect(licence).toMatch(/^Modified MIT License/);
  expect(licence).toContain("1 million monthly active users");
});

test("bundles the empty package, since an installation of our npm package ignores our overrides", () => {
  const words = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const root = new URL("../..", import.meta.url);
  const { stdout } = spawnSync("npm", words, { cwd: root, encoding: "utf8" });
  const [packed] = z
    .array(z.object({ files: z.array(z.object({ path: z.string() })) }))
    .parse(JSON.parse(stdout));
  const paths = packed?.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      "node_modules/@mercuryworkshop/wisp-js/empty.js",
      "node_modules/@wasmer/sdk/LICENSE",
      "config/sabrewing.yml",
    ]),
  );
});
