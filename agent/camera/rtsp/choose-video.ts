import type { Size } from "../../base/box.ts";
import { requireSupportedSize } from "../frame-limit.ts";
import type { VideoCodec } from "./access-unit.ts";
import type { StreamDescription, VideoTrack } from "./description.ts";
import { noVideoError, unnamedCodecError, unsupportedCodecError } from "./reasons/description.ts";

/** A video track that can be decoded. */
export interface ChosenVideo {
  readonly track: VideoTrack & { readonly codec: VideoCodec };
  /** Of the stream's video tracks, from 0. */
  readonly index: number;
  /**
   * `only`: there is no other; `size`: it has the wanted size; `codec`: those before it have another codec, which is not
   * preferred or cannot be decoded; `first`: it is the first.
   */
  readonly why: "only" | "size" | "codec" | "first";
}

/**
 * Chooses the video track: the one with H.264 or H.265 and the wanted size, else the first with H.264 or H.265, else the
 * first that can be decoded.
 * @param camera error messages start with this name
 * @throws ConfigError without a track that can be decoded, or if its frames are too large
 */
export function chooseVideo(
  camera: string,
  { video, unnamedVideo, audio }: StreamDescription,
  wanted: Size | undefined,
): ChosenVideo {
  const [first] = video;
  if (first === undefined && unnamedVideo.length > 0) throw unnamedCodecError(camera, unnamedVideo);
  if (first === undefined) {
    throw noVideoError(
      camera,
      audio.map(({ encoding }) => encoding),
    );
  }
  const bySize = wanted === undefined ? -1 : video.findIndex((track) => hasSize(track, wanted));
  const byCodec = video.findIndex(isPreferred);
  const others = byCodec >= 0 ? byCodec : video.findIndex(({ codec }) => codec !== undefined);
  const index = bySize >= 0 ? bySize : others;
  const track = video[index];
  if (track?.codec === undefined) throw unsupportedCodecError(camera, first.encoding);
  const size = track.format?.codedSize ?? track.size;
  if (size !== undefined) requireSupportedSize(camera, size);
  const why = video.length === 1 ? "only" : bySize >= 0 ? "size" : index === 0 ? "first" : "codec";
  return { track: { ...track, codec: track.codec }, index, why };
}

function isPreferred({ codec }: VideoTrack): boolean {
  return codec === "H264" || codec === "H265";
}

function hasSize(track: VideoTrack, wanted: Size): boolean {
  const own = track.format?.size ?? track.size;
  return isPreferred(track) && own?.width === wanted.width && own.height === wanted.height;
}
