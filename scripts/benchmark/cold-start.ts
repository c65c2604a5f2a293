import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ContestantChoice } from "./contestant.ts";

const PROGRAM = fileURLToPath(new URL("first-detection.ts", import.meta.url));

/**
 * Starts processes that detect once and exit, one per contestant and round.
 * @returns for each contestant the milliseconds from the start of each process to its first detection. A contestant that
 *   fails is absent.
 */
export async function coldStarts(
  choices: readonly ContestantChoice[],
  pixels: Uint8Array,
  rounds: number,
): Promise<ReadonlyMap<ContestantChoice, readonly number[]>> {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-starts-"));
  const seen = new Map<ContestantChoice, number[]>(choices.map((choice) => [choice, []]));
  try {
    const image = join(folder, "image.rgb");
    writeFileSync(image, pixels);
    // The first round fills the caches of compiled JavaScript and of files; it is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const choice of choices) {
        const ms = await coldStart(choice, image, folder);
        if (ms === undefined) seen.delete(choice);
        else if (round > 0) seen.get(choice)?.push(ms);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return seen;
}

async function coldStart(
  choice: ContestantChoice,
  image: string,
  cacheFolder: string,
): Promise<number | undefined> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [PROGRAM, image, JSON.stringify(choice)], {
    stdio: ["ignore", "pipe", "ignore"],
    // Keeps the compiled TypeScript: an installed agent would not compile it at each start either.
    env: { ...process.env, NODE_COMPILE_CACHE: cacheFolder },
  });
  const exit = once(child, "exit");
  const detected = once(child.stdout, "data").then(() => performance.now() - startedMs);
  const ms = await Promise.race([detected, exit.then(() => undefined)]);
  await exit;
  return ms;
}
