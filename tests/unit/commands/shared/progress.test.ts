import { describe, expect, test } from "vitest";
import { showProgress } from "../../../../agent/commands/shared/progress.ts";
import { TextStream } from "../../../support/base/text-stream.ts";

describe("progress", () => {
  test("writes a line per step without a terminal", () => {
    const stream = new TextStream();
    using progress = showProgress("compile", stream);
    progress.update(1, 4, "import");
    progress.update(4, 4, "emit");
    expect(stream.text).toBe("compile: import (25 %)\ncompile: emit (100 %)\n");
  });

  test("shortens names from a model and removes their control characters", () => {
    const stream = new TextStream();
    using progress = showProgress("compile", stream);
    progress.update(1, 4, `\u001b[2J${"A".repeat(1_000_000)}`);
    expect(stream.text).toMatch(/^compile: �\[2JA{95}… \(25 %\)\n$/);
  });

  test("writes one line for all updates of a step", () => {
    const stream = new TextStream();
    using progress = showProgress("download", stream);
    for (let done = 1; done <= 100; done++) progress.update(done, 100, "yolov5n.pt");
    expect(stream.text.split("\n")).toHaveLength(2);
  });

  test("draws a bar and ends its line on a terminal", () => {
    const stream = Object.assign(new TextStream({ isTTY: true }), {
      columns: 80,
      cursorTo: nothing,
      clearLine: nothing,
    });
    {
      using progress = showProgress("compile", stream);
      progress.update(1, 2, "import");
      progress.update(2, 2, "emit");
    }
    expect(stream.text).toContain("100 %  emit");
    expect(stream.text.trimEnd()).not.toBe(stream.text);
  });

  test("writes nothing to a terminal without an update", () => {
    const stream = new TextStream({ isTTY: true });
    showProgress("download", stream)[Symbol.dispose]();
    expect(stream.text).toBe("");
  });
});

function nothing(): boolean {
  return true;
}
