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

/** Starts it without a window and without GPU emulation, which takes seconds to start. */
export function startChromium(executablePath: string): Promise<Browser> {
  // Its sandbox needs privileges that containers lack, and it opens only our page.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
