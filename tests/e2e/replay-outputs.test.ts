import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule, NO_POISON } from "../support/detectors/fake-modules.ts";

describe("sabrewing replay", () => {
  test("--video keeps the clip's timing and adds two seconds at the end", async () => {
    await using setup = await prepare();
    const video = join(setup.folder, "seen.mp4");
    const { exitCode, stderr } = await setup.replay("--video", video);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const entries = "stream=width,height,codec_name,nb_frames,avg_frame_rate";
    const shown = execFileSync("ffprobe", ["-v", "error", "-show_entries", entries, "-of", "json", video]);
    // Two seconds at five frames a second, and two seconds at the end.
    expect(JSON.parse(shown.toString()).streams).toMatchObject([
      { codec_name: "h264", width: 640, nb_frames: "20", avg_frame_rate: "5/1" },
    ]);
  });

  test("--video fails before the clip is read when the file cannot be written", async () => {
    await using setup = await prepare();
    const nowhere = await setup.replay("--video", join(setup.folder, "nowhere", "seen.mp4"));
    expect(nowhere.exitCode).toBe(78);
    expect(nowhere.stderr).toContain("seen.mp4 (ENOENT)\n  → Create the folder first.");
    const noVideo = await setup.replay("--video", join(setup.folder, "seen.gif"));
    expect(noVideo.exitCode).toBe(64);
    expect(readdirSync(setup.folder).sort()).toEqual(["fake.wasm"]);
  });

  test("--against exits with 0 when all is as expected, otherwise with 1", async () => {
    await using setup = await prepare();
    const expected = join(setup.folder, "expected.txt");
    writeFileSync(expected, "# nothing\n");
    const same = await setup.replay("--against", expected);
    expect(same).toEqual({ exitCode: 0, stdout: "0 of 0 as expected\n", stderr: "" });

    writeFileSync(expected, "car, 0:00.5, 1.5\n");
    const missing = await setup.replay("--against", expected);
    expect(missing.exitCode).toBe(1);
    expect(missing.stdout).toBe(
      "  ✗ car            0.5 –     1.5 s   missing: no matching event\n0 of 1 as expected, 1 missing\n",
    );
    const json = await setup.replay("--against", expected, "--json");
    expect(json.exitCode).toBe(1);
    expect(
      json.stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { difference: "missing", expected: { label: "car", start: 0.5, end: 1.5 } },
      { summary: { expected: 1, as_expected: 0, missing: 1, extra: 0, other: 0 } },
    ]);
  });

  test("--against with an invalid file is a configuration error", async () => {
    await using setup = await prepare();
    const expected = join(setup.folder, "expected.txt");
    writeFileSync(expected, "car, early, late\n");
    const { exitCode, stderr } = await setup.replay("--against", expected);
    expect(exitCode).toBe(78);
    expect(stderr).toContain("expected.txt:1: start: expected seconds or minutes:seconds");
  });
});

/** A clip of two seconds in which the fake detector finds no lasting object. */
async function prepare() {
  const folder = await temporaryFolder();
  const clip = makeTestClip({ seconds: 2 });
  const model = join(folder.path, "fake.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32, poison: NO_POISON }));
  return {
    folder: folder.path,
    replay: (...options: string[]) => {
      return sabrewing(["replay", clip.file, "--model", model, "--track", "car", ...options]);
    },
    async [Symbol.asyncDispose]() {
      clip[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
