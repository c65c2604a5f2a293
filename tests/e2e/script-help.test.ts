import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};
/** Without those that only start a tool, and without `package`, which installs what it needs before it reads options. */
const OWN = Object.entries(scripts).filter(
  ([name, command]) => /^(node )?scripts\//.test(command) && !/^(pre)?pack/.test(name),
);

describe("the scripts of package.json", { concurrent: true }, () => {
  test("include all benchmarks", () => {
    expect(OWN.filter(([name]) => name.startsWith("bench:")).length).toBeGreaterThanOrEqual(8);
  });

  for (const [name, command] of OWN) {
    test(`npm run ${name} -- --help explains the script and does nothing else`, async () => {
      const { stdout } = await promisify(execFile)("sh", ["-c", `exec ${command} --help`], {
        cwd: ROOT,
        env: { ...process.env, SABREWING_HOME: "/nowhere" },
      });
      // At least a sentence, and no output of the script's work.
      expect(stdout).toMatch(/[A-Z][^.]{20,}\./s);
    });
  }
});
