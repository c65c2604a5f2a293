import type { Decoder, TimedFrame } from "../../../agent/camera/decoder.ts";
import type { Display } from "../../../agent/camera/display.ts";
import { DEFAULT_COLOURS } from "../../../agent/camera/frame.ts";

/** A decoder that records what it is fed with, and puts out what a test tells it to. */
export interface FakeDecoder extends Decoder {
  readonly display: Display;
  /** The times of the access units that were written, milliseconds. */
  readonly written: readonly number[];
  isClosed(): boolean;
  /** Puts out a frame. */
  show(timeMs: number): void;
  fail(error: Error): void;
  /** As after a failure of the hardware: drops everything until the next key frame. */
  loseState(): void;
  backlog: number;
}

export function fakeDecoder(display: Display): FakeDecoder {
  const written: number[] = [];
  const { width, height } = display.format.size;
  const planes = new Uint8Array((width * height * 3) / 2);
  const steps: (TimedFrame | Error | undefined)[] = [];
  let wake = () => {};
  let needsKey = true;
  let isClosed = false;
  const add = (step: TimedFrame | Error | undefined) => {
    steps.push(step);
    wake();
  };
  async function* frames(): AsyncGenerator<TimedFrame, void> {
    while (true) {
      if (steps.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const step = steps.shift();
      if (step === undefined) return;
      if (step instanceof Error) throw step;
      yield step;
    }
  }
  const decoder: FakeDecoder = {
    display,
    written,
    backlog: 0,
    isClosed: () => isClosed,
    show: (timeMs) => add({ width, height, planes, colours: DEFAULT_COLOURS, timeMs }),
    fail: add,
    loseState() {
      needsKey = true;
    },
    needsKeyFrame: () => needsKey,
    write(unit, timeMs) {
      if (needsKey && !unit.isKey) return false;
      needsKey = false;
      written.push(timeMs);
      return true;
    },
    backlogBytes: () => decoder.backlog,
    frames: frames(),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      add(undefined);
    },
  };
  return decoder;
}
