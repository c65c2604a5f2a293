import type { VideoFrames } from "./jsmpeg.ts";
import { type TsFrame, tsFrames } from "./ts-frames.ts";
import type { VideoSocket } from "./video-socket.ts";

export interface HoldOptions {
  /** How long to hold a frame with this presentation time, milliseconds. */
  readonly dueInMs: (pts: number) => number;
  /** Called when a frame is shown, with its presentation time. */
  readonly onFrame: (pts: number) => void;
}

/** Four seconds. If more frames wait, the oldest is shown early. */
const MOST_HELD = 100;

/** A video that passes its frames on when they are due. */
export interface HeldVideo extends VideoFrames {
  /** To be called by the decoder for each frame. */
  onDecode(): void;
  stop(): void;
}

/** @param decode decodes and shows the next frame that is written, if it is complete. */
export function heldVideo(
  socket: Pick<VideoSocket, "deliver">,
  { dueInMs, onFrame }: HoldOptions,
  decode: () => boolean,
): HeldVideo {
  const cutter = tsFrames();
  const held: TsFrame[] = [];
  /** Presentation times of the frames that are written to the player. It decodes some only when the next one arrives. */
  let undecoded: number[] = [];
  let next: ReturnType<typeof setTimeout> | undefined;
  let write = (_frame: TsFrame) => {};

  // JSMpeg itself shows one frame per screen refresh, so a busy browser that fell behind would never catch up.
  function showDue(): void {
    clearTimeout(next);
    for (let [frame] = held; frame !== undefined; [frame] = held) {
      const waitMs = held.length > MOST_HELD ? 0 : dueInMs(frame.pts);
      if (waitMs > 0) {
        next = setTimeout(showDue, waitMs);
        return;
      }
      held.shift();
      undecoded = [...undecoded.slice(-1), frame.pts];
      write(frame);
      while (decode());
    }
  }

  return {
    deliver(destination, onDelivery) {
      write = ({ packets }) => {
        onDelivery();
        destination.write(packets);
      };
      socket.deliver((part) => {
        held.push(...cutter.push(new Uint8Array(part)));
        showDue();
      });
    },
    onDecode() {
      const pts = undecoded.shift();
      if (pts !== undefined) onFrame(pts);
    },
    stop: () => clearTimeout(next),
  };
}
