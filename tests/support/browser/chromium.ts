import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"] as const;

/** Path of Chromium on this machine. scripts/setup installs it. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? "").split(":");
  const paths = PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Starts it without a window. A GPU that is played by the CPU would draw the whole page, and take seconds to begin.
 * @param hosts names that lead to the loopback address
 */
export function startChromium(executablePath: string, hosts: readonly string[] = []): Promise<Browser> {
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(",");
  // Its sandbox needs rights that containers do not have; it opens no page but ours.
  const args = ["--no-sandbox", "--disable-gpu", `--host-resolver-rules=${rules}`];
  return chromium.launch({ executablePath, args });
}
