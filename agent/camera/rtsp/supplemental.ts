import { type Rotation, rotationOf } from "../../base/rotation.ts";
import { bitReader, rawPayload, unlessTooShort } from "./bit-reader.ts";

/** The messages of a SEI NAL unit that matter for decoding and display. */
export interface Supplemental {
  /** How many frames after this one the decoder shows only whole frames; 0: from this one on. Undefined: no message. */
  readonly recoveryFrames?: number;
  /** Displays the frames upright. Undefined: no message. */
  readonly rotation?: Rotation;
}

const RECOVERY_POINT = 6;
const DISPLAY_ORIENTATION = 47;
/** Longer ones are messages of the camera's manufacturer. */
const MOST_BYTES = 4096;

/**
 * Reads supplemental enhancement information (H.264, D.1; H.265, D.2.1). Never throws: it ignores invalid messages.
 * @param unit a NAL unit, including its header
 */
export function readSupplemental(codec: "H264" | "H265", unit: Uint8Array): Supplemental {
  const bytes = rawPayload(unit.subarray(0, MOST_BYTES), codec === "H264" ? 1 : 2);
  let found: Supplemental = {};
  let at = 0;
  const number = (): number => {
    let value = 0;
    while (bytes[at] === 0xff) {
      value += 0xff;
      at++;
    }
    value += bytes[at] ?? 0;
    at++;
    return value;
  };
  // The last byte holds the stop bit.
  while (at < bytes.length - 1) {
    const type = number();
    const length = number();
    const message = bytes.subarray(at, at + length);
    at += length;
    found = { ...found, ...unlessTooShort(() => readMessage(codec, type, message)) };
  }
  return found;
}

function readMessage(codec: "H264" | "H265", type: number, message: Uint8Array): Supplemental {
  const bits = bitReader(message);
  if (type === RECOVERY_POINT) {
    // H.265 counts in display order: negative values say that earlier frames are whole, too.
    return { recoveryFrames: codec === "H264" ? bits.unsigned() : Math.max(0, bits.signed()) };
  }
  if (type !== DISPLAY_ORIENTATION) return {};
  if (bits.take(1) === 1) return { rotation: 0 };
  const flips = bits.take(2);
  const anticlockwise = (bits.take(16) * 360) / 0x1_0000 + (flips === 3 ? 180 : 0);
  return { rotation: rotationOf(-anticlockwise) };
}
