import type { Toggle } from "../base/toggle.ts";
import type { Frame } from "./frame.ts";

export interface ReadWhileOnOptions {
  /** Ends the frames when aborted. */
  readonly signal: AbortSignal;
  /** Called each time when the stream is closed because the camera is off. */
  readonly onClosed: () => void;
}

/**
 * Reads a camera while its switch is on. While it is off, no stream is open, and no frames arrive.
 * @param read reads the camera until its signal is aborted.
 */
export async function* readWhileOn(
  read: (signal: AbortSignal) => AsyncIterable<Frame>,
  enabled: Pick<Toggle, "isOn" | "offSignal" | "untilOn">,
  { signal, onClosed }: ReadWhileOnOptions,
): AsyncGenerator<Frame, void> {
  while (!signal.aborted) {
    if (enabled.isOn()) yield* read(AbortSignal.any([signal, enabled.offSignal()]));
    else {
      onClosed();
      await enabled.untilOn(signal);
    }
  }
}
