import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { fakeModule, writeModuleFile } from "../support/fake-modules.ts";

const program = fileURLToPath(new URL("../support/open-detect-close.ts", import.meta.url));

test.each(["v8", "wasmer"])(
  "%s: a process that has closed its detector exits by itself, and quietly",
  async (runtime) => {
    const path = writeModuleFile(fakeModule());
    // A process that did not exit would be killed after 30 s, and this would reject.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, path, runtime], {
      timeout: 30_000,
    });
    expect(stdout).toBe("DetectorFault: the detector was closed\n");
    expect(stderr).toBe("");
  },
);
