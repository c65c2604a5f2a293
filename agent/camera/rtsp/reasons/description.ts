import { encodingName } from "../encoding-name.ts";
import { errorOf } from "./reason.ts";

export function tooManyTracksError(camera: string, tracks: number, most: number): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the camera describes ${tracks} streams: expected at most ${most}`,
    remedy: "Restart the camera. If that does not help, update its firmware.",
  });
}

/** @param content continues "the answer …" */
export function noDescriptionError(camera: string, content: string): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the camera's answer to DESCRIBE ${content}: expected a description of the stream (SDP)`,
    remedy:
      "Look up the path of the address (everything after the host) in the camera's manual. If it is right, restart the camera.",
  });
}

export function invalidAddressError(camera: string): Error {
  return errorOf(camera, {
    kind: "config",
    what: "the address of the stream is invalid",
    remedy:
      "Expected rtsp://user:password@host:port/path, with special characters in user and password percent-encoded.",
  });
}

/** @param audio encodings of the audio tracks */
export function noVideoError(camera: string, audio: readonly string[]): Error {
  const only = audio.length === 0 ? "" : `, only audio (${audio.map(encodingName).join(", ")})`;
  return errorOf(camera, {
    kind: "config",
    what: `the stream has no video track${only}`,
    remedy: "Use the address of a stream with video: look up the path of the address in the camera's manual.",
  });
}

export function unsupportedCodecError(camera: string, encoding: string): Error {
  return errorOf(camera, {
    kind: "config",
    what: `the stream's video is ${encodingName(encoding)}: expected H.264, H.265, MJPEG, MPEG-4 or VP8`,
    remedy: "Set the stream to H.264 in the camera.",
  });
}

/** @param payloadTypes of the video tracks */
export function unnamedCodecError(camera: string, payloadTypes: readonly number[]): Error {
  const types = `payload type${payloadTypes.length === 1 ? "" : "s"} ${payloadTypes.join(", ")}`;
  return errorOf(camera, {
    kind: "config",
    what: `the stream's description does not say which codec its video has (${types} without a=rtpmap)`,
    remedy:
      "Set the stream to H.264 in the camera, update the camera's firmware, or use another of its streams.",
  });
}
