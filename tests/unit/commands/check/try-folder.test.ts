import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tryFolder } from "../../../../agent/commands/check/try-folder.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

const isRoot = process.getuid?.() === 0;

function used(path: string) {
  return { path, key: "state_dir" };
}

test("writes into a folder and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const { words } = await tryFolder(used(folder.path));
  expect(words).toMatch(new RegExp(`^${folder.path}, \\d+ (MB|GB) free$`));
  expect(readdirSync(folder.path)).toEqual([]);
});

test("removes the folders that it creates, so that the agent can create them as another user", async () => {
  await using folder = await temporaryFolder();
  const { words } = await tryFolder(used(join(folder.path, "a", "b", "c")));
  expect(words).toContain("can be created");
  expect(existsSync(join(folder.path, "a"))).toBe(false);
});

test.each(["file", "file/state", "file/a/state"])(
  "names the file in the way of the folder %s",
  async (path) => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, "file"), "");
    await expect(tryFolder(used(join(folder.path, path)))).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining(`${join(folder.path, "file")} is not a folder`),
      remedy: expect.stringContaining("state_dir"),
    });
  },
);

test("refuses a link to nowhere", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "link");
  symlinkSync(join(folder.path, "missing", "deep"), path);
  await expect(tryFolder(used(path))).rejects.toMatchObject({ name: "ConfigError" });
});

test.skipIf(isRoot)("refuses a folder that this user may not write to", async () => {
  await using folder = await temporaryFolder();
  chmodSync(folder.path, 0o500);
  await expect(tryFolder(used(folder.path))).rejects.toMatchObject({
    message: expect.stringContaining("EACCES"),
  });
});

/** Mounts a file system for a test; undefined if this user may not. */
function mounted(path: string, options: string): Disposable | undefined {
  mkdirSync(path);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]).status !== 0) return undefined;
  return { [Symbol.dispose]: () => void spawnSync("umount", [path]) };
}

test.skipIf(!isRoot)("refuses a read-only file system", async (context) => {
  await using folder = await temporaryFolder();
  using disk = mounted(join(folder.path, "disk"), "ro");
  context.skip(disk === undefined, "this user may not mount");
  await expect(tryFolder(used(join(folder.path, "disk", "state")))).rejects.toMatchObject({
    name: "ConfigError",
    message: expect.stringContaining("read-only file system (EROFS)"),
  });
});

test.skipIf(!isRoot)("finds a full disk, and warns of one that is nearly full", async (context) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "disk");
  using disk = mounted(path, "size=64k");
  context.skip(disk === undefined, "this user may not mount");
  expect((await tryFolder(used(path))).advice).toMatchObject([
    { message: `only 0 MB are free on the disk of ${path}` },
  ]);
  expect(() => writeFileSync(join(path, "full"), Buffer.alloc(100_000))).toThrow("ENOSPC");
  await expect(tryFolder(used(path))).rejects.toMatchObject({
    name: "TransientError",
    message: expect.stringContaining("the disk is full"),
  });
});

test("refuses a folder that the service may not write to, although root may", async () => {
  await using folder = await temporaryFolder();
  const unit = { stateDirectory: undefined, user: { name: "sabrewing", uid: 61_234, gid: 61_234 } };
  await expect(tryFolder(used(folder.path), { ...unit, allows: () => true })).rejects.toMatchObject({
    message: `the service's user sabrewing may not write to ${folder.path}`,
    remedy: expect.stringContaining(`install -d -o sabrewing -g sabrewing -m 0700 ${folder.path}`),
  });
  await expect(tryFolder(used(folder.path), { ...unit, allows: () => false })).rejects.toMatchObject({
    remedy: expect.stringContaining(`ReadWritePaths=${folder.path}`),
  });
  chmodSync(folder.path, 0o777);
  await expect(tryFolder(used(folder.path), { ...unit, allows: () => true })).resolves.toBeDefined();
});
