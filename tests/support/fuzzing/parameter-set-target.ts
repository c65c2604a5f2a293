import type { VideoCodec, VideoFormat } from "../../../agent/camera/rtsp/access-unit.ts";
import { readAacConfiguration } from "../../../agent/camera/rtsp/audio.ts";
import { readDescription } from "../../../agent/camera/rtsp/description.ts";
import { parameterSetStore } from "../../../agent/camera/rtsp/parameter-set-store.ts";
import { videoFormat } from "../../../agent/camera/rtsp/parameter-sets.ts";
import { readSupplemental } from "../../../agent/camera/rtsp/supplemental.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import type { FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const H264_SET = Buffer.from("Z2QAKKzZQHgCJ+WagICAoAAAAwAgAAAGUeMGMsA=", "base64");
const H265_SET = Buffer.from("QgEBAWAAAAMAkAAAAwAAAwAeoAoCD/Flla5MLgIAAAMAAgAAAwBkEA==", "base64");
const SEEDS: readonly (readonly [VideoCodec, Uint8Array])[] = [
  ["H264", H264_SET],
  ["H264", Buffer.from("Z0IAKeKQFAe2AtwEBAaQeJEV", "base64")],
  ["H265", H265_SET],
  ["MPEG4", Buffer.from("000001b001000001b50900000100000001200084c1a44053008000", "hex")],
  [
    "MJPEG",
    Buffer.from("ffd8ffe000104a46494600010100000100010000ffc00011080168028003012200021101031101", "hex"),
  ],
  ["VP8", Buffer.from("5000009d012a40016801", "hex")],
];
const DESCRIPTION = [
  ...["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=Stream", "t=0 0", "a=control:*", "m=video 0 RTP/AVP 96"],
  ...["a=rtpmap:96 H264/90000", "a=control:trackID=1"],
  `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${H264_SET.toString("base64")},aM48gA==`,
  ...["m=video 0 RTP/AVP 97", "a=rtpmap:97 H265/90000"],
  `a=fmtp:97 sprop-vps=QAEMAf//;sprop-sps=${H265_SET.toString("base64")};sprop-pps=RAHBcrRiQA==`,
].join("\r\n");
const WORDS = [
  ...wordsOf(
    "m=video 0 RTP/AVP 96\r\n",
    "sprop-sps=",
    "sprop-parameter-sets=",
    ",",
    ";",
    "\r\n",
    "a=fmtp:96 ",
  ),
  ...[Uint8Array.of(0, 0, 3), Uint8Array.of(0xff, 0xff), new Uint8Array(40)],
];

interface Mutant {
  readonly codec: VideoCodec;
  readonly unit: Uint8Array;
  readonly description: string;
}

/** What a camera says of its video: mutants of parameter sets, frame headers and stream descriptions. */
export function parameterSetTarget(): FuzzTarget {
  return {
    make(random): Mutant {
      const [codec = "H264", seed = H264_SET] = SEEDS[at(random, SEEDS.length)] ?? [];
      const unit = mutatedBytes(seed, random, WORDS);
      const text = new TextDecoder("latin1").decode(mutatedBytes(Buffer.from(DESCRIPTION), random, WORDS));
      return { codec, unit, description: text };
    },
    feed(mutant) {
      const { codec, unit, description } = mutant as Mutant;
      readDescription(description);
      readAacConfiguration(Buffer.from(unit).toString("hex"));
      const format = videoFormat(codec, unit);
      if (format !== undefined) requireSound(format);
      for (const named of ["H264", "H265"] as const) {
        const { rotation = 0 } = readSupplemental(named, unit);
        if (![0, 90, 180, 270].includes(rotation)) throw new Error(`a rotation by ${rotation}`);
        parameterSetStore(named, [unit, unit]);
      }
      return format !== undefined;
    },
  };
}

function requireSound(format: VideoFormat): void {
  const { size, codedSize, pixelAspect, reorderFrames } = format;
  const isPositive = size.width > 0 && size.height > 0 && pixelAspect > 0 && Number.isFinite(pixelAspect);
  const isInside = size.width <= codedSize.width && size.height <= codedSize.height;
  if (!isPositive || !isInside || reorderFrames < 0 || reorderFrames > 16) {
    throw new Error(`an unsound format: ${JSON.stringify(format)}`);
  }
}
