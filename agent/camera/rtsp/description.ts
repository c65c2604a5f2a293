import { type MediaDescription, parse, parseParams } from "sdp-transform";
import type { Size } from "../../base/box.ts";
import type { TrackParameters, VideoCodec, VideoFormat } from "./access-unit.ts";
import { describedSets } from "./described-sets.ts";
import { videoFormat } from "./parameter-sets.ts";

/** A video or audio track of a camera's stream (RFC 4566, 5.14). */
export interface Track {
  /** In RTP packets. */
  readonly payloadType: number;
  /** As the camera names it, in upper case: `H264`, `PCMA`. Up to 30 letters, digits, dots and dashes. */
  readonly encoding: string;
  /** Units of the RTP timestamp per second. */
  readonly clockRate: number;
  /** 1 for video. */
  readonly channels: number;
  /** Parameters of the encoding (`a=fmtp`), with names in lower case. */
  readonly fmtp: Readonly<Record<string, string>>;
  /** The control URL as the camera states it; undefined: none. */
  readonly control: string | undefined;
}

export interface VideoTrack extends Track {
  /** undefined: not supported */
  readonly codec: VideoCodec | undefined;
  /** The format in its parameter sets; of several, the one with the largest frames. undefined: it states none. */
  readonly format: VideoFormat | undefined;
  /** The frame size that the camera states apart from parameter sets. */
  readonly size?: Size;
}

/** A camera's description of its stream (SDP, RFC 4566; for RTSP, RFC 2326, C). */
export interface StreamDescription {
  /** Number of video, audio and metadata tracks. More than `MOST_TRACKS` are not read. */
  readonly tracks: number;
  /** The control URL of the whole stream as the camera states it; undefined: none. */
  readonly control: string | undefined;
  readonly video: readonly VideoTrack[];
  /** Payload types of video tracks without a codec: `a=rtpmap` is missing, and the parameters do not reveal it. */
  readonly unnamedVideo: readonly number[];
  readonly audio: readonly Track[];
}

/** Cameras describe video, audio and metadata, some of them for several lenses. */
export const MOST_TRACKS = 32;

const CODECS: ReadonlyMap<string, VideoCodec> = new Map<string, VideoCodec>([
  ["H264", "H264"],
  ["H265", "H265"],
  ["HEVC", "H265"],
  ["JPEG", "MJPEG"],
  ["MP4V-ES", "MPEG4"],
  ["VP8", "VP8"],
]);

/** The content of a body that is no description, for users; undefined: it is one (RFC 4566, 5: lines of `letter=value`). */
export function otherContent(body: string): string | undefined {
  if (/^\uFEFF?\s*[vosmta]=/m.test(body)) return undefined;
  const text = body.trim();
  if (text === "") return "is empty";
  if (/^<(?:!doctype html|html|head|body)\b/i.test(text)) return "is a web page (HTML)";
  if (text.startsWith("<")) return "is XML";
  return /^[{[]/.test(text) ? "is JSON" : "is other text";
}

/** Reads a description. Never throws: it ignores invalid parts. */
export function readDescription(sdp: string): StreamDescription {
  const tracks = sdp.match(/^m=/gm)?.length ?? 0;
  if (tracks > MOST_TRACKS) return { tracks, control: undefined, video: [], unnamedVideo: [], audio: [] };
  // sdp-transform ignores tracks with a number of ports (RFC 4566, 5.14: `m=video 49170/2 …`), which RTSP does not need.
  const { media, control } = parse(sdp.replace(/^(m=\w+ \d+)\/\d+/gm, "$1"));
  const video = media.filter(({ type }) => type === "video");
  return {
    tracks,
    control: textOf(control),
    video: video.flatMap(readVideo),
    unnamedVideo: video.flatMap((described) =>
      readTracks(described).length > 0 ? [] : unnamedTypes(described),
    ),
    audio: media
      .filter(({ type }) => type === "audio")
      .flatMap((described) => readTracks(described)[0] ?? []),
  };
}

function readVideo(described: MediaDescription): readonly VideoTrack[] {
  const tracks = readTracks(described);
  const track = tracks.find(({ encoding }) => CODECS.has(encoding)) ?? tracks[0];
  if (track === undefined) return [];
  const codec = CODECS.get(track.encoding);
  const size = statedSize(described);
  return [{ ...track, codec, format: formatOf(track, codec), ...(size === undefined ? {} : { size }) }];
}

/** Payload types with a fixed meaning (RFC 3551, 6): encoding, clock rate, channels. */
const FIXED_TYPES: ReadonlyMap<number, readonly [string, number, number]> = new Map([
  [0, ["PCMU", 8000, 1]],
  [8, ["PCMA", 8000, 1]],
  [9, ["G722", 8000, 1]],
  [10, ["L16", 44_100, 2]],
  [11, ["L16", 44_100, 1]],
  [14, ["MPA", 90_000, 1]],
  [26, ["JPEG", 90_000, 1]],
  [31, ["H261", 90_000, 1]],
  [32, ["MPV", 90_000, 1]],
  [33, ["MP2T", 90_000, 1]],
  [34, ["H263", 90_000, 1]],
]);
const HIGHEST_PAYLOAD_TYPE = 127;
const MOST_PAYLOAD_TYPES = 16;
const HIGHEST_CLOCK_RATE = 1_000_000;
const LONGEST_ENCODING = 30;

/** The payload types of a track: one per alternative encoding. */
function payloadTypes({ payloads }: MediaDescription): readonly number[] {
  const types = String(payloads ?? "").split(" ");
  return types
    .slice(0, MOST_PAYLOAD_TYPES)
    .filter((text) => /^\d+$/.test(text) && Number(text) <= HIGHEST_PAYLOAD_TYPE)
    .map(Number);
}

function unnamedTypes(described: MediaDescription): readonly number[] {
  return payloadTypes(described).filter((type) => described.rtp.every(({ payload }) => payload !== type));
}

/** The alternative encodings of a track. */
function readTracks(described: MediaDescription): readonly Track[] {
  return payloadTypes(described).flatMap((payloadType) => {
    const map = described.rtp.find(({ payload }) => payload === payloadType);
    const fmtp = readParameters(described, payloadType);
    const [name, rate, channels] = FIXED_TYPES.get(payloadType) ?? [encodingOf(fmtp), 90_000, 1];
    const encoding = String(map?.codec ?? name).toUpperCase();
    const clockRate = Number(map?.rate ?? rate);
    const isValid = clockRate > 0 && clockRate <= HIGHEST_CLOCK_RATE && encoding !== "";
    if (!isValid || encoding.length > LONGEST_ENCODING) return [];
    return [
      {
        ...{ payloadType, encoding, clockRate },
        channels: Number(map?.encoding ?? (map === undefined ? channels : 1)) || 1,
        fmtp,
        control: textOf(described.control),
      },
    ];
  });
}

/** The encoding that only its parameters reveal: parameter sets that are valid in one codec. Empty: none. */
function encodingOf(fmtp: Track["fmtp"]): string {
  const codecs = ["H264", "H265", "MPEG4"] as const;
  const codec = codecs.find((each) => formatOf({ fmtp, clockRate: 90_000 }, each) !== undefined);
  return codec === "MPEG4" ? "MP4V-ES" : (codec ?? "");
}

function readParameters({ fmtp }: MediaDescription, payloadType: number): Track["fmtp"] {
  const lines = fmtp.filter(({ payload }) => payload === payloadType);
  const pairs = lines.flatMap(({ config }) => Object.entries(parseParams(String(config))));
  return Object.fromEntries(
    pairs.map(([name, value]) => [name.trim().toLowerCase(), String(value ?? "").trim()]),
  );
}

/** sdp-transform turns texts that look like a number into numbers. */
function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value).trim();
}

function formatOf(track: TrackParameters, codec: VideoCodec | undefined): VideoFormat | undefined {
  if (codec !== "H264" && codec !== "H265" && codec !== "MPEG4") return undefined;
  const sets =
    codec === "MPEG4" ? [Buffer.from(track.fmtp.config ?? "", "hex")] : describedSets(track, SETS[codec]);
  return sets
    .map((set) => videoFormat(codec, set))
    .filter((format) => format !== undefined)
    .toSorted((a, b) => pixels(b.codedSize) - pixels(a.codedSize))[0];
}

/** Parameters with sequence parameter sets (RFC 6184, 8.1 and RFC 7798, 7.1). */
const SETS = { H264: ["sprop-parameter-sets"], H265: ["sprop-sps"] } as const;

const pixels = ({ width, height }: Size) => width * height;

/** `x-dimensions:1280,720` (Apple) and `framesize:96 1280-720` (3GPP TS 26.234). */
const SIZES = /^(?:x-dimensions:|framesize:\d+ )\s*(?<width>\d{2,5})[,-](?<height>\d{2,5})\s*$/;

function statedSize(described: MediaDescription): Size | undefined {
  for (const { value } of described.invalid ?? []) {
    const { width, height } = SIZES.exec(String(value))?.groups ?? {};
    if (width !== undefined && height !== undefined) return { width: Number(width), height: Number(height) };
  }
  return undefined;
}
