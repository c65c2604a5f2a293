import { describe, expect, test } from "vitest";
import {
  DetectorFault,
  ModelError,
  openReplaceable,
  type ReplaceableDetector,
  type Runtime,
} from "../../../../detectors/detector.ts";
import { faultOf } from "../../../support/ask-until-answered.ts";
import {
  type FakeOptions,
  fakeDetections,
  fakeFrame,
  fakeModule,
  POISON,
  writeModuleFile,
} from "../../../support/fake-modules.ts";

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
  test("the new one answers, of another size too, and counts go on", async () => {
    const { detector, lines } = await open(runtime);
    await using _ = detector;
    await expectAnswer(detector, SMALL);
    expect(await detector.replace(named("new", LARGE))).toMatchObject({ name: "new" });
    expect(detector.model).toMatchObject({ name: "new", input: { width: 16, height: 8 } });
    await expectAnswer(detector, LARGE);
    expect(detector.stats()).toMatchObject({ state: "working", frames: 2, restarts: 0 });
    expect(lines).toEqual([]);
  });

  test("frames under way are answered by the module they were given to, and none is lost", async () => {
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

  test("a picture made for the module before still finds it while it stands by, and later is refused", async () => {
    const { detector } = await open(runtime);
    await using _ = detector;
    await detector.replace(named("new", LARGE));
    await expectAnswer(detector, SMALL);
    await expectAnswer(detector, LARGE);
    expect(await faultOf(detector.detect(fakeFrame(1, 0, SMALL), THRESHOLDS))).toBe("unavailable");
    await expect(detector.detect(new Uint8Array(5), THRESHOLDS)).rejects.toBeInstanceOf(RangeError);
  });

  test("a module that traps on its first frame is never changed over to", async () => {
    const { detector, lines } = await open(runtime);
    await using _ = detector;
    const broken = named("broken", { poison: { trap: 0 } });
    await expect(detector.replace(broken)).rejects.toBeInstanceOf(ModelError);
    expect(detector.model.name).toBe("old");
    await expectAnswer(detector, SMALL);
    expect(lines, "whoever asked for it tells").toEqual([]);
  });

  test("a module that fails at its first real frame costs that frame; the one before goes on", async () => {
    const { detector, lines } = await open(runtime);
    await using _ = detector;
    await detector.replace(named("weak", { poison: { exit: 2 } }));
    expect(await faultOf(detector.detect(fakeFrame(2), THRESHOLDS))).toBe("exit");
    expect(detector.model.name).toBe("old");
    await expectAnswer(detector, SMALL);
    expect(lines.filter((line) => line.includes("The one before goes on"))).toHaveLength(1);
  });

  test("a module that has answered a real frame stays, whatever comes later", async () => {
    const { detector } = await open(runtime);
    await using _ = detector;
    await detector.replace(named("new"));
    await expectAnswer(detector, SMALL);
    expect(await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS))).toBe("trap");
    await expectAnswer(detector, SMALL);
    expect(detector.model.name).toBe("new");
  });
});

describe("that a module was accepted", () => {
  const openTold = async (path: string, accept: (name: string) => Promise<void> = async () => undefined) => {
    const told: string[] = [];
    const detector = await openReplaceable(path, {
      runtime: "v8",
      instances: 1,
      deadlineMs: 2_000,
      accept: ({ name }) => accept(name),
      onAccepted: ({ name }) => void told.push(name),
      onWithdrawn: (failed, goesOn) => void told.push(`not ${failed.name} but ${goesOn.name}`),
    });
    return { detector, told };
  };

  test("is told once, when every instance has answered a blank frame", async () => {
    const { detector, told } = await openTold(named("old"));
    await using _ = detector;
    expect(told).toEqual(["old"]);
    await expectAnswer(detector, SMALL);
    await detector.replace(named("new"));
    expect(told).toEqual(["old", "new"]);
    await detector.replace(named("new"));
    for (let turn = 0; turn < 3; turn++) await expectAnswer(detector, SMALL);
    expect(told).toEqual(["old", "new"]);
  });

  test("is not told of one that is refused after a while or fails at the blank frame", async () => {
    const { detector, told } = await openTold(named("old"), async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (name === "unwanted") throw new RangeError("not this one");
    });
    await using _ = detector;
    await expect(detector.replace(named("unwanted"))).rejects.toThrow("not this one");
    await expect(detector.replace(named("broken", { poison: { trap: 0 } }))).rejects.toThrow(ModelError);
    expect(told).toEqual(["old"]);
  });

  test("is withdrawn when it fails at its first frame from a camera", async () => {
    const { detector, told } = await openTold(named("old"));
    await using _ = detector;
    await detector.replace(named("weak", { poison: { exit: 2 } }));
    expect(await faultOf(detector.detect(fakeFrame(2), THRESHOLDS))).toBe("exit");
    await expectAnswer(detector, SMALL);
    expect(told).toEqual(["old", "weak", "not weak but old"]);
  });
});

describe("replacing the module", () => {
  test("by itself, by one that is refused or by no module at all changes nothing", async () => {
    const { detector } = await open("v8");
    await using _ = detector;
    const { sha256 } = detector.model;
    expect((await detector.replace(named("old"))).sha256).toBe(sha256);
    await expect(detector.replace(named("unwanted"))).rejects.toThrow("not this one");
    await expect(detector.replace("/nowhere.wasm")).rejects.toBeInstanceOf(ModelError);
    await expect(
      detector.replace(named("turned", { width: 4, height: 8 })),
      "pictures for either have the same length",
    ).rejects.toThrow(/as many pixels in another shape/);
    expect(detector.model.sha256).toBe(sha256);
    await expectAnswer(detector, SMALL);
  });

  test("of a detector that was closed meanwhile leaves nothing behind", async () => {
    const { detector } = await open("v8");
    const replacing = detector.replace(named("new"));
    await detector[Symbol.asyncDispose]();
    await expect(replacing).rejects.toBeInstanceOf(DetectorFault);
    expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable");
  });
});
