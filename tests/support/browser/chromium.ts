import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"] as const;

/** A Chromium on this machine (scripts/setup installs Debian's); tests that need one skip without. */
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

/** Starts it without a window. A GPU that is played by the CPU would draw the whole page, and take seconds to begin. */
export function startChromium(executablePath: string): Promise<Browser> {
  // Its sandbox needs rights that containers do not have; it opens no page but ours.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
