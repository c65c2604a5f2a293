import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of the page as it is sent to browsers. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Changes with the file. */
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".js": "text/javascript; charset=utf-8",
  ".ts": "text/javascript; charset=utf-8",
};

/**
 * Returns the files of the page by name, read at the first request; undefined for any other name. JSMpeg is served from its
 * npm package. When running from sources, types are stripped, so that `main.js` exists as in `dist`.
 */
export function pageFiles(): (name: string) => Promise<PageFile | undefined> {
  const folder = fileURLToPath(new URL("../page/", import.meta.url));
  const paths = new Map<string, string>();
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".d.ts") || TYPES[extname(name)] === undefined) continue;
    paths.set(name, join(folder, name));
    if (name.endsWith(".ts")) paths.set(name.replace(/\.ts$/, ".js"), join(folder, name));
  }
  paths.set("jsmpeg-player.js", fileURLToPath(import.meta.resolve("@cycjimmy/jsmpeg-player")));
  const files = new Map<string, Promise<PageFile>>();

  return async (name) => {
    const path = paths.get(name);
    if (path === undefined) return undefined;
    const file = files.get(name) ?? readPageFile(path);
    files.set(name, file);
    return file;
  };
}

async function readPageFile(path: string): Promise<PageFile> {
  const written = await readFile(path);
  const body = path.endsWith(".ts") ? Buffer.from(stripTypeScriptTypes(written.toString())) : written;
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { type: TYPES[extname(path)] ?? "application/octet-stream", body, etag };
}
