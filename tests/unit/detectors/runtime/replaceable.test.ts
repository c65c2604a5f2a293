import { describe, expect, test } from "vitest";
import {
  DetectorFault,
  ModelError,
  openReplaceable,
  type ReplaceableDetector,
  type Runtime,
} from "../../../../detectors/detector.ts";
import { faultOf } from "../../../support/detectors/detect-with-retry.ts";
import {
  type FakeOptions,
  fakeDetections,
  fakeFrame,
  fakeModule,
  POISON,
  writeModuleFile,
} from "../../../support/detectors/fake-modules.ts";

const THRESHOLDS = { score: 0.25, iou: 0.5 };
const SMALL: FakeOptions = {};
const LARGE: FakeOptions = { width: 16, height: 8 };

const named = (name: string, options: FakeOptions = {}) =>
  writeModuleFile(fakeModule({ ...options, description: { name } }));

interface Opened {
  readonly detector: ReplaceableDetector;
  readonly lines: string[];
}

async function open(runtime: Runtime): Promise<Opened> {
  const lines: string[] = [];
  const detector = await openReplaceable(named("old"), {
    runtime,
    instances: 1,
    deadlineMs: 2_000,
    log: ({ level, message }) => lines.push(`${level} ${message}`),
    accept(model) {
      if (model.name === "unwanted") throw new RangeError("not this one");
    },
  });
  return { detector, lines };
}

async function expectAnswer(detector: ReplaceableDetector, size: FakeOptions): Promise<void> {
  const frame = fakeFrame(2, 30, size);
  const { detections } = await detector.detect(frame, THRESHOLDS);
  expect(detections).toEqual(fakeDetections(frame, THRESHOLDS));
}

describe.each(["v8", "wasmer"] as const)("%s: replacing the module while it runs", (runtime) => {
  test("uses the new module, also one of another size, and continues the counters", async () => {
    const { detector, lines } = await open(runtime);
    await using _ = detector;
    await expectAnswer(detector, SMALL);
    expect(await detector.replace(named("new", LARGE))).toMatchObject({ name: "new" });
    expect(detector.model).toMatchObject({ name: "new", input: { width: 16, height: 8 } });
    await expectAnswer(detector, LARGE);
    expect(detector.stats()).toMatchObject({ state: "working", frames: 2, restarts: 0 });
    expect(lines).toEqual([]);
  });

  test("completes frames in flight with the previous module and loses none", async () => {
    const { detector } = await open(runtime);
    await using _ = detector;
    const next = named("new");
    let replaced = false;
    const replacing = detector.replace(next).then(() => {
      replaced = true;
    });
    while (!replaced) await expectAnswer(detector, SMALL);
    await expectAnswer(detector, SMALL);
    await replacing;
    expect(detector.model.name).toBe("new");
    expect(detector.stats().faults.unavailable).toBe(0);
  });

  test("gives a frame of the previous size to the previous module on standby, and refuses it later", async () => {
    const { detector } = await open(runtime);
    await using _ = detector;
    await detector.replace(named("new", LARGE));
    await expectAnswer(detector, SMALL);
    await expectAnswer(detector, LARGE);
    expect(await faultOf(detector.detect(fakeFrame(1, 0, SMALL), THRESHOLDS))).toBe("unavailable");
    await expect(detector.detect(new Uint8Array(5), THRESHOLDS)).rejects.toBeInstanceOf(RangeError);
  });

  test("does not switch to a module that traps on its first frame", async () => {
    const { detector, lines } = await open(runtime);
    await using _ = detector;
    const broken = named("broken", { poison: { trap: 0 } });
    await expect(detector.replace(broken)).rejects.toBeInstanceOf(ModelError);
    expect(detector.model.name).toBe("old");
    await expectAnswer(detector, SMALL);
    expect(lines, "the caller reports the error").toEqual([]);
  });

  test("loses one frame to a module that fails on its first real frame, then uses the previous one", async () => {
    const { detector, lines } = await open(runtime);
    await using _ = detector;
    await detector.replace(named("weak", { poison: { exit: 2 } }));
    expect(await faultOf(detector.detect(fakeFrame(2), THRESHOLDS))).toBe("exit");
    expect(detector.model.name).toBe("old");
    await expectAnswer(detector, SMALL);
    expect(lines.filter((line) => line.includes("The previous module is active again"))).toHaveLength(1);
  });

  test("keeps a module that has replied to a real frame, even after later faults", async () => {
    const { detector } = await open(runtime);
    await using _ = detector;
    await detector.replace(named("new"));
    await expectAnswer(detector, SMALL);
    expect(await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS))).toBe("trap");
    await expectAnswer(detector, SMALL);
    expect(detector.model.name).toBe("new");
  });
});

describe("the report of an accepted module", () => {
  const openReporting = async (
    path: string,
    accept: (name: string) => Promise<void> = async () => undefined,
  ) => {
    const reports: string[] = [];
    const detector = await openReplaceable(path, {
      runtime: "v8",
      instances: 1,
      deadlineMs: 2_000,
      accept: ({ name }) => accept(name),
      onAccepted: ({ name }) => void reports.push(name),
      onWithdrawn: (failed, restored) => void reports.push(`not ${failed.name} but ${restored.name}`),
    });
    return { detector, reports };
  };

  test("comes once, when every instance has processed a blank frame", async () => {
    const { detector, reports } = await openReporting(named("old"));
    await using _ = detector;
    expect(reports).toEqual(["old"]);
    await expectAnswer(detector, SMALL);
    await detector.replace(named("new"));
    expect(reports).toEqual(["old", "new"]);
    await detector.replace(named("new"));
    for (let turn = 0; turn < 3; turn++) await expectAnswer(detector, SMALL);
    expect(reports).toEqual(["old", "new"]);
  });

  test("does not come for a module that is refused later or fails on the blank frame", async () => {
    const { detector, reports } = await openReporting(named("old"), async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (name === "unwanted") throw new RangeError("not this one");
    });
    await using _ = detector;
    await expect(detector.replace(named("unwanted"))).rejects.toThrow("not this one");
    await expect(detector.replace(named("broken", { poison: { trap: 0 } }))).rejects.toThrow(ModelError);
    expect(reports).toEqual(["old"]);
  });

  test("is withdrawn when the module fails on its first frame from a camera", async () => {
    const { detector, reports } = await openReporting(named("old"));
    await using _ = detector;
    await detector.replace(named("weak", { poison: { exit: 2 } }));
    expect(await faultOf(detector.detect(fakeFrame(2), THRESHOLDS))).toBe("exit");
    await expectAnswer(detector, SMALL);
    expect(reports).toEqual(["old", "weak", "not weak but old"]);
  });
});

describe("a replacement", () => {
  test("by the same module, a refused module or a missing file changes nothing", async () => {
    const { detector } = await open("v8");
    await using _ = detector;
    const { sha256 } = detector.model;
    expect((await detector.replace(named("old"))).sha256).toBe(sha256);
    await expect(detector.replace(named("unwanted"))).rejects.toThrow("not this one");
    await expect(detector.replace("/nowhere.wasm")).rejects.toBeInstanceOf(ModelError);
    await expect(
      detector.replace(named("turned", { width: 4, height: 8 })),
      "frames of both have the same length",
    ).rejects.toThrow(/the same number of pixels in another shape/);
    expect(detector.model.sha256).toBe(sha256);
    await expectAnswer(detector, SMALL);
  });

  test("of a detector that is closed meanwhile is rejected", async () => {
    const { detector } = await open("v8");
    const replacing = detector.replace(named("new"));
    await detector[Symbol.asyncDispose]();
    await expect(replacing).rejects.toBeInstanceOf(DetectorFault);
    expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable");
  });
});
