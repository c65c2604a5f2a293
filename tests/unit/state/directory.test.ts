import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stateDirectory } from "../../../agent/state/directory.ts";

test("uses the configured folder, else the service's, else one in $SABREWING_HOME, else one in the cache", () => {
  const env = { STATE_DIRECTORY: "/var/lib/sabrewing:/var/lib/other", SABREWING_HOME: "/home" };
  expect(stateDirectory("/configured", env)).toBe("/configured");
  expect(stateDirectory(undefined, env)).toBe("/var/lib/sabrewing");
  expect(stateDirectory(undefined, { SABREWING_HOME: "/home" })).toBe("/home/state");
  expect(stateDirectory(undefined, {})).toBe(join(homedir(), ".cache", "sabrewing", "state"));
});
