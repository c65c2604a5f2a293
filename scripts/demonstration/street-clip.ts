import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sabrewingHome } from "../../detectors/detector.ts";

/** Debian's package of OpenCV's samples; vtest.avi in it is view 1 of scene S2.L1 of PETS 2009: people on a street. */
const PACKAGE = "opencv-doc";
const CLIP = "vtest.avi";
const BY_HAND = "Name an MP4 of your own: --clip FILE";

/**
 * Takes the street scene out of Debian's package without installing it, and keeps it as H.264, as cameras send it.
 * @param say tells the user a line
 * @returns path of the MP4: 768×576 pixels, 10 frames a second, 79 s
 * @throws Error with the reason and what to do
 */
export function fetchStreetClip(say: (line: string) => void, env: NodeJS.ProcessEnv = process.env): string {
  const folder = join(sabrewingHome(env), "media");
  const path = join(folder, "street.mp4");
  say(`person.mp4 is not here, taking the street scene of Debian's ${PACKAGE} (96 MB, once) instead`);
  mkdirSync(folder, { recursive: true });
  // Not in /tmp, which may be memory; and a rename is atomic only within one file system.
  const staging = mkdtempSync(join(folder, ".street-"));
  try {
    downloadPackage(staging, env);
    const [archive] = globSync("*.deb", { cwd: staging });
    if (archive === undefined) throw new Error(`apt-get downloaded no ${PACKAGE}. ${BY_HAND}`);
    must({ cwd: staging, env }, "dpkg-deb", ["-x", archive, "unpacked"]);
    // Some releases compress it.
    const [found] = globSync(`**/${CLIP}{,.gz}`, { cwd: join(staging, "unpacked") });
    if (found === undefined) throw new Error(`${archive} holds no ${CLIP}. ${BY_HAND}`);
    const video = join("unpacked", found);
    if (video.endsWith(".gz")) must({ cwd: staging, env }, "gunzip", [video]);
    // Baseline: no picture depends on a later one, so that each comes at once, as from a camera.
    const encoding = ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-g", "20"];
    const words = ["-v", "error", "-i", video.replace(/\.gz$/, ""), "-an", ...encoding];
    must({ cwd: staging, env }, "ffmpeg", [...words, "-pix_fmt", "yuv420p", "street.mp4"]);
    renameSync(join(staging, "street.mp4"), path);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return path;
}

/** apt checks what it downloads by Debian's signatures. Its lists may be empty or old: then they are got once. */
function downloadPackage(cwd: string, env: NodeJS.ProcessEnv): void {
  const place = { cwd, env };
  if (runs(place, "apt-get", ["download", "-q", PACKAGE]).ok) return;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) runs(place, "apt-get", ["update", "-q"]);
  const { ok, said } = runs(place, "apt-get", ["download", "-q", PACKAGE]);
  if (ok) return;
  const update = isRoot ? "" : ", or run `apt-get update` as root and try again";
  throw new Error(`Debian's ${PACKAGE} cannot be downloaded: ${said}\n${BY_HAND}${update}`);
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

function must(place: Place, program: string, words: readonly string[]): void {
  const { ok, said } = runs(place, program, words);
  if (!ok) throw new Error(`${program} failed on ${CLIP}: ${said}\n${BY_HAND}`);
}

/** Runs a program without a shell; `said` is the last it wrote to its error output, or why it did not start. */
function runs(place: Place, program: string, words: readonly string[]): { ok: boolean; said: string } {
  const { status, stderr, error } = spawnSync(program, words, {
    ...place,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lastLines = (stderr ?? "").trim().split("\n").slice(-3).join(" ");
  return { ok: status === 0, said: error?.message ?? lastLines };
}
