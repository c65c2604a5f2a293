import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { fakeModule, writeModuleFile } from "../support/detectors/fake-modules.ts";

const program = fileURLToPath(new URL("../support/detectors/open-detect-close.ts", import.meta.url));

test.each(["v8", "wasmer"])(
  "%s: a process that has closed its detector exits by itself without output on standard error",
  async (runtime) => {
    const path = writeModuleFile(fakeModule());
    // A process that does not exit is killed after 30 s, and the promise rejects.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, path, runtime], {
      timeout: 30_000,
    });
    expect(stdout).toBe("DetectorFault: the module was closed\n");
    expect(stderr).toBe("");
  },
);
