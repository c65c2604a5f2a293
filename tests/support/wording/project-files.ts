import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the project. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const FOLDERS = ["agent", "detectors", "scripts", "tests", "config", "docker", ".ci"];
const NO_TEXT = /\.(png|jpe?g|svg|mp4|wasm|ico)$/;

/** Documents that users and newcomers read. */
export const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "agent/README.md",
  "detectors/README.md",
  "config/README.md",
];

/** Paths of all text files of the project: documents, configuration, sources, scripts and tests. */
export function textFiles(): string[] {
  const inFolders = globSync(`{${FOLDERS.join(",")}}/**`, {
    cwd: ROOT,
    withFileTypes: true,
    exclude: ({ name }) => name === "node_modules",
  })
    .filter((entry) => entry.isFile() && !NO_TEXT.test(entry.name))
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(ROOT.length).replace(/^\//, ""));
  return [...new Set([...DOCUMENTS, "package.json", "biome.json", ...inFolders])].sort();
}
