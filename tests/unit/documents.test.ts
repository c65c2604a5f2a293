/** The files, scripts, commands, topics and log lines that documents name exist. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseConfig } from "../../agent/config/load.ts";
import { commandTopic, switchStateTopic } from "../../agent/mqtt/commands.ts";
import {
  availabilityTopic,
  cameraStatusTopic,
  countTopic,
  motionTopic,
  reviewsTopic,
  snapshotTopic,
  statsTopic,
} from "../../agent/mqtt/topics.ts";
import { SWITCHES } from "../../agent/state/switches.ts";
import { DOCUMENTS, ROOT, textFiles } from "../support/wording/project-files.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const readme = read("README.md");

describe.each(DOCUMENTS)("%s", (document) => {
  const text = read(document);

  test("links to files that exist", () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path);
    expect(links.filter((path) => !existsSync(join(ROOT, dirname(document), path)))).toEqual([]);
  });

  test("names npm scripts that exist", () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read("package.json")));
    const named = [...text.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("names files and folders that exist", () => {
    const roots = "scripts|tests|config|docker|agent|detectors|\\.ci";
    const paths = new RegExp(`(?<![\\w./<>-])(?:${roots})/[\\w./-]*\\w`, "g");
    const named = [...text.matchAll(paths)].map(([path]) => path);
    // A tour may name a file from its own folder.
    const bases = [ROOT, join(ROOT, dirname(document))];
    expect(named.filter((path) => !bases.some((base) => existsSync(join(base, path))))).toEqual([]);
  });
});

test("comments and scripts name documents that exist", () => {
  const sources = textFiles().filter((path) => !/^tests\/|\.md$/.test(path));
  const named = sources.flatMap((path) =>
    [...read(path).matchAll(/[\w.@/-]+\.md\b/g)].map(([name]) => ({ path, name })),
  );
  // Absolute paths are those of an installed package.
  const dangling = named.filter(({ name }) => !name.startsWith("/") && !existsSync(join(ROOT, name)));
  expect(dangling).toEqual([]);
});

describe.each([
  { tour: "agent/README.md", tables: ["agent"] },
  { tour: "detectors/README.md", tables: ["detectors", "detectors/compiler"] },
])("the tour $tour", ({ tour, tables }) => {
  const text = read(tour);
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  /** Names of files and folders in backticks, without `a/b/` in code blocks. */
  const names = (part: string) => [...part.matchAll(/`([\w./-]+(?:\/|\.ts))`/g)].map(([, name = ""]) => name);

  test("has each folder in its tables", () => {
    const folders = tables.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${name}/`),
    );
    const inTables = new Set(names(rows.join("\n")));
    expect(folders.filter((name) => !inTables.has(name))).toEqual([]);
  });

  test("begins table rows with files and folders that exist", () => {
    const named = rows.flatMap((row) => names(row.split(" | ")[0] ?? ""));
    expect(named.length).toBeGreaterThan(5);
    const exists = (name: string) => tables.some((folder) => existsSync(join(ROOT, folder, name)));
    expect(named.filter((name) => !exists(name))).toEqual([]);
  });

  test("names only files and folders that exist", () => {
    const below = textFiles()
      .filter((path) => path.startsWith(`${dirname(tour)}/`))
      .map((path) => `/${path}`);
    const exists = (name: string) =>
      existsSync(join(ROOT, dirname(tour), name)) ||
      existsSync(join(ROOT, name)) ||
      below.some((path) => (name.endsWith("/") ? path.includes(`/${name}`) : path.endsWith(`/${name}`)));
    // Tests write out/.
    const named = names(text).filter((name) => !name.startsWith("out/"));
    expect(named.filter((name) => !exists(name))).toEqual([]);
  });
});

test("CONTRIBUTING names environment variables that scripts read", () => {
  const named = [...read("CONTRIBUTING.md").matchAll(/\bSABREWING_\w+/g)].map(([name]) => name);
  const scripts = textFiles().filter((path) => /^(agent|detectors|scripts|\.ci)\//.test(path));
  const code = scripts.map(read).join("\n");
  expect(named).toContain("SABREWING_MATERIAL");
  expect(named.filter((name) => !code.includes(name))).toEqual([]);
});

describe("troubleshooting", () => {
  const section = readme.slice(readme.indexOf("## Troubleshooting"));
  const headings = [...section.matchAll(/^### (.+)$/gm)].flatMap(([, heading = ""]) => heading.split(" / "));
  const sources = globSync("{agent,detectors}/**/*.ts", { cwd: ROOT }).map(read);

  test.each(headings)("knows a line that the code writes: %s", (heading) => {
    // `…` stands for what differs; long texts are written in pieces.
    const pieces = heading
      .split("…")
      .map((piece) => piece.replace(/^[:)(\s]+|[:)(\s]+$/g, ""))
      .filter((piece) => piece !== "");
    const code = sources.map((source) => source.replace(/["`'] \+\s+["`']/g, ""));
    const isThere = code.some((source) => pieces.every((piece) => source.includes(piece)));
    expect(isThere).toBe(true);
  });
});

describe("the README's examples", () => {
  test("are a configuration that is valid", () => {
    const [, yaml = ""] = /```yaml\n([\s\S]+?)```/.exec(readme) ?? [];
    const env = { SABREWING_MQTT_PASSWORD: "a", DOOR_PASSWORD: "b" };
    expect(parseConfig(yaml, "sabrewing.yml", env).cameras.map(({ name }) => name)).toEqual(["door"]);
  });

  test("are a Node-RED flow whose nodes know one another", () => {
    const [, json = ""] = /```json\n([\s\S]+?)```/.exec(readme) ?? [];
    const Flow = z.array(
      z.looseObject({
        id: z.string(),
        broker: z.string().optional(),
        wires: z.array(z.array(z.string())).optional(),
      }),
    );
    const nodes = Flow.parse(JSON.parse(json));
    const ids = nodes.map(({ id }) => id);
    for (const { wires = [] } of nodes) for (const id of wires.flat()) expect(ids).toContain(id);
    expect(ids).toContain(nodes.find(({ type }) => type === "mqtt in")?.broker);
  });

  test("name every topic as the agent does", () => {
    const topics = [
      availabilityTopic("sabrewing"),
      statsTopic("sabrewing"),
      cameraStatusTopic("sabrewing", "<camera>"),
      countTopic("sabrewing", "<camera>", "<label>"),
      countTopic("sabrewing", "<zone>", "<label>"),
      motionTopic("sabrewing", "<camera>"),
      ...[commandTopic, switchStateTopic].map((topicOf) =>
        topicOf("sabrewing", "<camera>", "detect").replace("/detect/", "/<switch>/"),
      ),
      reviewsTopic("sabrewing"),
      snapshotTopic("sabrewing", "<camera>", "<label>"),
    ];
    expect(topics.filter((topic) => !readme.includes(`| \`${topic}\``))).toEqual([]);
    expect(readme).toContain(`<switch>\` is ${SWITCHES.map((name) => `\`${name}\``).join(", ")}`);
  });
});
