import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../support/base/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The folders of agent/, each of which may import only earlier ones. */
const STAGES = [
  ...["base", "config", "camera", "motion", "attention", "preprocess", "detection", "tracking"],
  ...["events", "state", "mqtt", "health", "view", "commands"],
];

const Override = z.object({
  includes: z.array(z.string()),
  linter: z.object({
    rules: z.object({
      style: z.object({
        noRestrictedImports: z
          .object({ options: z.object({ patterns: z.array(z.object({ group: z.array(z.string()) })) }) })
          .optional(),
      }),
    }),
  }),
});
const { overrides } = z
  .object({ overrides: z.array(Override) })
  .parse(JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8")));

function forbiddenIn(stage: string): readonly string[] {
  const override = overrides.find(({ includes }) => includes.includes(`agent/${stage}/**`));
  const { options } = override?.linter.rules.style.noRestrictedImports ?? {};
  return options?.patterns.flatMap(({ group }) => group) ?? [];
}

describe("the order of stages", () => {
  test("contains every folder of the agent", () => {
    const folders = readdirSync(join(ROOT, "agent"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.sort()).toEqual(STAGES.toSorted());
  });

  test.each(STAGES.slice(0, STAGES.indexOf("view")))("forbids %s to import a later stage", (stage) => {
    const later = STAGES.slice(STAGES.indexOf(stage) + 1).map((folder) => `**/${folder}/**`);
    expect(forbiddenIn(stage)).toEqual(expect.arrayContaining(later));
  });

  test("is enforced by the linter, also for types", async () => {
    await using folder = await temporaryFolder();
    copyFileSync(join(ROOT, "biome.json"), join(folder.path, "biome.json"));
    for (const [path, source] of Object.entries({
      "agent/mqtt/later.ts":
        'import type { Stats } from "../../agent/health/stats.ts";\nexport type Later = Stats;\n',
      "agent/mqtt/earlier.ts": 'export { clamp } from "../../agent/base/numbers.ts";\n',
      "agent/base/one.ts": 'import type { Two } from "./two.ts";\nexport type One = Two;\n',
      "agent/base/two.ts": 'import type { One } from "./one.ts";\nexport type Two = One;\n',
    })) {
      mkdirSync(join(folder.path, path, ".."), { recursive: true });
      writeFileSync(join(folder.path, path), source);
    }
    const biome = join(ROOT, "node_modules", ".bin", "biome");
    const { stdout, stderr } = spawnSync(biome, ["lint", "--vcs-enabled=false"], {
      cwd: folder.path,
      encoding: "utf8",
    });
    const found = [...(stdout + stderr).matchAll(/^(\S+?):\d+:\d+ lint\/\w+\/(\w+)/gm)];
    expect(found.map(([, path, rule]) => `${path} ${rule}`).sort()).toEqual([
      "agent/base/one.ts noImportCycles",
      "agent/base/two.ts noImportCycles",
      "agent/mqtt/later.ts noRestrictedImports",
    ]);
  });
});
