import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readFolderRules } from "../../../../agent/commands/check/unit-folders.ts";

const SHIPPED = "User=sabrewing\nProtectSystem=strict\nReadWritePaths=\nStateDirectory=sabrewing\n";

test("the shipped unit lets its user write to the state folder only", () => {
  const unit = readFileSync(new URL("../../../../config/sabrewing.service", import.meta.url), "utf8");
  for (const line of SHIPPED.split("\n").filter((rule) => !rule.endsWith("=")))
    expect(unit).toContain(`${line}\n`);
  const { user, stateDirectory, allows } = readFolderRules(SHIPPED);
  expect([user, stateDirectory]).toEqual(["sabrewing", "/var/lib/sabrewing"]);
  expect(["/var/lib/sabrewing", "/var/lib/sabrewing/snapshots", "/tmp/x"].filter(allows)).toHaveLength(3);
  expect(["/srv/snapshots", "/var/lib/sabrewing-2", "/var/lib", "/"].filter(allows)).toEqual([]);
});

test.each([
  ["the folder", "ReadWritePaths=/srv/snapshots", true],
  ["a folder above it, if that exists", "ReadWritePaths=/mnt -/srv", true],
  ["another folder", "ReadWritePaths=/srv/snap", false],
  ["every folder", "ProtectSystem=full", true],
])("a drop-in that allows %s", (_, line, expected) => {
  expect(readFolderRules(`${SHIPPED}${line}\n`).allows("/srv/snapshots")).toBe(expected);
});

test("a unit that does not exist allows every folder and has no user", () => {
  const { user, stateDirectory, allows } = readFolderRules(
    "User=\nProtectSystem=no\nReadWritePaths=\nStateDirectory=\n",
  );
  expect([user, stateDirectory, allows("/srv")]).toEqual([undefined, undefined, true]);
});
