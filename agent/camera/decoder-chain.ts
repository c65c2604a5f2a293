import type { Decoder, TimedFrame } from "./decoder.ts";
import { type Display, isSameDisplay } from "./display.ts";
import type { AccessUnit } from "./rtsp/access-unit.ts";
import { restlessFormatError } from "./rtsp/reasons/stream.ts";

/** Decodes the access units of one stream, with a new decoder each time the format or the rotation of the frames changes. */
export interface DecoderChain extends AsyncDisposable {
  /**
   * Decodes an access unit; drops those before the first key frame with a format. Never throws: see `frames`.
   * @param timeMs becomes the time of its frame.
   * @returns whether the following access units can be decoded; false: the decoder needs a key frame first
   */
  write(unit: AccessUnit, timeMs: number): boolean;
  /** Bytes that wait for the decoder to read them. */
  backlogBytes(): number;
  /** The frames of all decoders in order. Ends after `end`, and throws if a decoder fails or cannot be opened. One consumer. */
  readonly frames: AsyncGenerator<TimedFrame, void>;
  /** Ends `frames`. @param error which `frames` throws; undefined: none */
  end(error: unknown): void;
}

/** A camera changes its format when its settings change. Each change costs the start of a decoder. */
const MOST_CHANGES = 5;
const CHANGES_WITHIN_MS = 10_000;

/**
 * @param camera error messages start with this name
 * @param open starts a decoder for the frames from a key frame on.
 */
export function decoderChain(camera: string, open: (display: Display) => Decoder): DecoderChain {
  let current: { readonly decoder: Decoder; readonly display: Display } | undefined;
  let unread: Decoder[] = [];
  let openedMs: readonly number[] = [];
  let ending: { readonly error: unknown } | undefined;
  let wake = () => {};

  async function* frames(): AsyncGenerator<TimedFrame, void> {
    while (true) {
      if (ending?.error !== undefined) throw ending.error;
      if (ending !== undefined) return;
      const decoder = unread.shift();
      if (decoder === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      for await (const frame of decoder.frames) yield frame;
    }
  }

  function replace(display: Display, timeMs: number): void {
    openedMs = [...openedMs.slice(-MOST_CHANGES), timeMs];
    const [firstMs = timeMs] = openedMs;
    if (openedMs.length > MOST_CHANGES && timeMs - firstMs < CHANGES_WITHIN_MS) {
      throw restlessFormatError(camera, MOST_CHANGES, CHANGES_WITHIN_MS / 1000);
    }
    // The frames of the former decoder end now. Losing the last ones matters less than waiting for them.
    void closeCurrent();
    const decoder = open(display);
    current = { decoder, display };
    unread = [decoder];
    wake();
  }

  async function closeCurrent(): Promise<void> {
    await current?.decoder[Symbol.asyncDispose]();
  }

  function end(error: unknown): void {
    ending ??= { error };
    void closeCurrent();
    wake();
  }

  return {
    write(unit, timeMs) {
      if (ending !== undefined) return false;
      const { format, rotation } = unit;
      const display = format && { format, rotation };
      try {
        if (display !== undefined && !(current && isSameDisplay(current.display, display))) {
          replace(display, timeMs);
        }
        current?.decoder.write(unit, timeMs);
      } catch (error) {
        end(error);
      }
      return current?.decoder.needsKeyFrame() === false;
    },
    backlogBytes: () => current?.decoder.backlogBytes() ?? 0,
    frames: frames(),
    end,
    async [Symbol.asyncDispose]() {
      end(undefined);
      await closeCurrent();
    },
  };
}
