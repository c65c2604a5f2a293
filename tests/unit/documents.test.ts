/** What the documents say of files, commands, topics and log lines is so. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseConfig } from "../../agent/config/load.ts";
import { commandTopic, detectStateTopic } from "../../agent/mqtt/commands.ts";
import {
  availabilityTopic,
  cameraStatusTopic,
  countTopic,
  motionTopic,
  snapshotTopic,
  statsTopic,
} from "../../agent/mqtt/topics.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const readme = read("README.md");
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "agent/README.md", "detectors/README.md"];

describe.each(DOCUMENTS)("%s", (document) => {
  const text = read(document);

  test("links to files that are there", () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path);
    expect(links.filter((path) => !existsSync(join(ROOT, dirname(document), path)))).toEqual([]);
  });

  test("names npm scripts that are there", () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read("package.json")));
    const named = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("names scripts and tests that are there", () => {
    const named = [...text.matchAll(/(?<![\w./])(?:scripts|tests|config|docker)\/[\w./-]*\w/g)].map(
      ([path]) => path,
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
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
      commandTopic("sabrewing", "<camera>"),
      detectStateTopic("sabrewing", "<camera>"),
      snapshotTopic("sabrewing", "<camera>", "<label>"),
    ];
    expect(topics.filter((topic) => !readme.includes(`| \`${topic}\``))).toEqual([]);
  });
});
