import { cameraText, errorOf } from "./reason.ts";

/** @param before whether the camera has sent video in this session */
export function silenceError(camera: string, seconds: number, before: boolean): Error {
  return errorOf(camera, {
    kind: "transient",
    what: before ? `frozen, no video for ${seconds} s` : `the camera sends no video within ${seconds} s`,
    remedy: before
      ? "Check the camera and the network. The agent reopens the stream automatically."
      : "Restart the camera. With `transport: udp`, check that no firewall blocks the camera's packets.",
  });
}

/**
 * Packets arrive, but none of them belongs to the video.
 * @param described the payload type in the description @param received that of the newest packet
 */
export function unusablePacketsError(
  camera: string,
  seconds: number,
  described: number,
  received: number | "invalid",
): Error {
  const why =
    received === "invalid" || received === described
      ? "they are damaged or repeat one sequence number"
      : `they have payload type ${received}, but the stream's description says ${described}`;
  return errorOf(camera, {
    kind: "transient",
    what: `no usable packet within ${seconds} s, although the camera sends packets: ${why}`,
    remedy:
      "Restart the camera. If that does not help, set its stream to another codec and back, or update its firmware.",
  });
}

/** The camera announces the end of its stream: by RTCP (BYE), or by a redirect to its own address. */
export function endedError(camera: string, how: string): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `the camera has ended the stream (camera: ${cameraText(how)})`,
    remedy: "Nothing to do: the agent reopens the stream automatically.",
  });
}

/** The camera sends video, but no key frame, at which a decoder could start. */
export function noKeyFrameError(camera: string, seconds: number): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `no key frame within ${seconds} s, although the camera sends video`,
    remedy:
      "Set the key frame interval (GOP, I-frame interval) of the camera to 1 or 2 s. If it is set, the camera may not send its parameter sets (SPS, PPS): update its firmware.",
  });
}

/** A decoder cannot start without them: neither the description nor the video contains them. */
export function noParameterSetsError(camera: string, seconds: number): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `key frames arrive without parameter sets (SPS, PPS), for ${seconds} s`,
    remedy:
      "Restart the camera, or set its stream to another codec and back. If that does not help, update its firmware.",
  });
}

/**
 * The camera sends packets that complete no frame.
 * @param within the time or the data in which none was completed
 */
export function noFrameError(camera: string, within: string): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `no complete frame within ${within}, although the camera sends packets`,
    remedy: "Restart the camera. If that does not help, update its firmware.",
  });
}

/** Packets by UDP come without a pause: more than any camera sends. */
export function floodError(camera: string): Error {
  return errorOf(camera, {
    kind: "transient",
    what: "more than 400 Mbit/s or 50,000 packets per second arrive by UDP from the camera's address",
    remedy:
      "Restart the camera, and check which device has its address. With `transport: tcp`, the agent reads only as much as it can use.",
  });
}

/** Each change of the format costs the start of a decoder. */
export function restlessFormatError(camera: string, most: number, seconds: number): Error {
  return errorOf(camera, {
    kind: "transient",
    what: `the size or format of the video changes more than ${most} times within ${seconds} s`,
    remedy: "Restart the camera, and set its stream to a fixed resolution.",
  });
}
