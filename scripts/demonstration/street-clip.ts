import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sabrewingHome } from "../../detectors/detector.ts";

/** Debian's package of OpenCV's samples. Its vtest.avi is view 1 of scene S2.L1 of PETS 2009: people on a street. */
const PACKAGE = "opencv-doc";
const CLIP = "vtest.avi";
const REMEDY = "Use your own MP4: --clip FILE";

/**
 * Extracts the street scene from Debian's package, without installing it, and converts it to H.264, as cameras send it.
 * @param say called with a line for the user
 * @returns path of the MP4: 768×576 pixels, 10 frames a second, 79 s
 * @throws Error with the reason and a remedy
 */
export function fetchStreetClip(say: (line: string) => void, env: NodeJS.ProcessEnv = process.env): string {
  const folder = join(sabrewingHome(env), "media");
  const path = join(folder, "street.mp4");
  say(
    `person.mp4 is missing, using the street scene of Debian's ${PACKAGE} instead (a download of 96 MB, once)`,
  );
  mkdirSync(folder, { recursive: true });
  // /tmp may be in memory, and a rename is atomic only within one file system.
  const staging = mkdtempSync(join(folder, ".street-"));
  try {
    downloadPackage(staging, env);
    const [archive] = globSync("*.deb", { cwd: staging });
    if (archive === undefined) throw new Error(`apt-get downloaded no ${PACKAGE}. ${REMEDY}`);
    runOrThrow({ cwd: staging, env }, "dpkg-deb", ["-x", archive, "unpacked"]);
    // Some Debian releases compress it.
    const [found] = globSync(`**/${CLIP}{,.gz}`, { cwd: join(staging, "unpacked") });
    if (found === undefined) throw new Error(`${archive} does not contain ${CLIP}. ${REMEDY}`);
    const video = join("unpacked", found);
    if (video.endsWith(".gz")) runOrThrow({ cwd: staging, env }, "gunzip", [video]);
    // The baseline profile has no B-frames, as most cameras.
    const encoding = ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-g", "20"];
    const args = ["-v", "error", "-i", video.replace(/\.gz$/, ""), "-an", ...encoding];
    runOrThrow({ cwd: staging, env }, "ffmpeg", [...args, "-pix_fmt", "yuv420p", "street.mp4"]);
    renameSync(join(staging, "street.mp4"), path);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return path;
}

/** apt verifies Debian's signatures. Its package lists may be empty or old: then they are updated once. */
function downloadPackage(cwd: string, env: NodeJS.ProcessEnv): void {
  const place = { cwd, env };
  if (runs(place, "apt-get", ["download", "-q", PACKAGE]).ok) return;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) runs(place, "apt-get", ["update", "-q"]);
  const { ok, said } = runs(place, "apt-get", ["download", "-q", PACKAGE]);
  if (ok) return;
  const update = isRoot ? "" : ", or run `apt-get update` as root and try again";
  throw new Error(`Debian's ${PACKAGE} cannot be downloaded: ${said}\n${REMEDY}${update}`);
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

function runOrThrow(place: Place, program: string, args: readonly string[]): void {
  const { ok, said } = runs(place, program, args);
  if (!ok) throw new Error(`${program} failed on ${CLIP}: ${said}\n${REMEDY}`);
}

/** Runs a program without a shell. `said` is the end of its standard error, or why it did not start. */
function runs(place: Place, program: string, args: readonly string[]): { ok: boolean; said: string } {
  const { status, stderr, error } = spawnSync(program, args, {
    ...place,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lastLines = (stderr ?? "").trim().split("\n").slice(-3).join(" ");
  return { ok: status === 0, said: error?.message ?? lastLines };
}
