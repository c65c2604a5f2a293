import type { Decoder, TimedFrame } from "./decoder.ts";
import { type Display, isSameDisplay } from "./display.ts";
import type { AccessUnit } from "./rtsp/access-unit.ts";

/** Decodes the access units of one stream, with a new decoder each time the format or the rotation of the frames changes. */
export interface DecoderChain extends AsyncDisposable {
  /**
   * Decodes an access unit; drops those before the first key frame with a format.
   * @param timeMs becomes the time of its frame.
   * @returns whether it was passed on; false: the decoder needs a key frame first
   */
  write(unit: AccessUnit, timeMs: number): boolean;
  /** Bytes that wait for the decoder to read them. */
  backlogBytes(): number;
  /** The frames of all decoders in order. Ends after `end`, and throws if a decoder fails. One consumer. */
  readonly frames: AsyncGenerator<TimedFrame, void>;
  /** Ends `frames`. @param error which `frames` throws; undefined: none */
  end(error: unknown): void;
}

/** @param open starts a decoder for the frames from a key frame on. */
export function decoderChain(open: (display: Display) => Decoder): DecoderChain {
  let current: { readonly decoder: Decoder; readonly display: Display } | undefined;
  const opened: Decoder[] = [];
  let ending: { readonly error: unknown } | undefined;
  let wake = () => {};

  async function* frames(): AsyncGenerator<TimedFrame, void> {
    while (true) {
      if (ending?.error !== undefined) throw ending.error;
      if (ending !== undefined) return;
      const decoder = opened.shift();
      if (decoder === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      for await (const frame of decoder.frames) yield frame;
    }
  }

  async function close(): Promise<void> {
    await current?.decoder[Symbol.asyncDispose]();
  }

  return {
    write(unit, timeMs) {
      const { format, rotation } = unit;
      if (
        format !== undefined &&
        !(current !== undefined && isSameDisplay(current.display, { format, rotation }))
      ) {
        // Its frames end now. Losing the last ones matters less than waiting for them.
        void close();
        current = { decoder: open({ format, rotation }), display: { format, rotation } };
        opened.push(current.decoder);
        wake();
      }
      return current?.decoder.write(unit, timeMs) ?? false;
    },
    backlogBytes: () => current?.decoder.backlogBytes() ?? 0,
    frames: frames(),
    end(error) {
      ending ??= { error };
      void close();
      wake();
    },
    [Symbol.asyncDispose]: close,
  };
}
