/** Streams of real encoders, packetised by GStreamer: the joined access units decode to the same frames. */
import { describe, expect, test } from "vitest";
import type { Depacketizer, TrackParameters } from "../../../../agent/camera/rtsp/access-unit.ts";
import { h264Depacketizer } from "../../../../agent/camera/rtsp/h264.ts";
import { h265Depacketizer } from "../../../../agent/camera/rtsp/h265.ts";
import { mjpegDepacketizer } from "../../../../agent/camera/rtsp/mjpeg.ts";
import { mpeg4Depacketizer } from "../../../../agent/camera/rtsp/mpeg4.ts";
import { vp8Depacketizer } from "../../../../agent/camera/rtsp/vp8.ts";
import {
  decodedFrames,
  encodeVideo,
  ivfFile,
  type StreamFormat,
  X264,
  x265,
} from "../../../support/camera/encoded-video.ts";
import { gstreamerBuffers, gstreamerPackets } from "../../../support/camera/gstreamer-packets.ts";
import { joinUnits, receivePackets } from "../../../support/camera/receive-packets.ts";
import { hasRtspServer } from "../../../support/camera/rtsp-camera.ts";

interface Encoding {
  readonly format: StreamFormat;
  readonly options: readonly string[];
  readonly elements: string;
  readonly depacketizer: (parameters: TrackParameters) => Depacketizer;
  readonly size?: string;
  readonly fmtp?: Readonly<Record<string, string>>;
}

const h264 = { format: "h264", depacketizer: h264Depacketizer } as const;
const h265 = { format: "hevc", depacketizer: h265Depacketizer } as const;
const mjpeg = { format: "mjpeg", depacketizer: mjpegDepacketizer } as const;
const JPEG = "image/jpeg,framerate=25/1 ! jpegparse ! rtpjpegpay";

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  "H.264 with aggregates and B frames": {
    ...h264,
    options: [...X264, "-bf", "3", "-g", "20"],
    elements: "h264parse ! rtph264pay aggregate-mode=max-stap",
  },
  "H.264 with slices and small packets": {
    ...h264,
    options: [...X264, "-x264-params", "slices=4:keyint=20"],
    elements: "h264parse ! rtph264pay mtu=200",
  },
  "interlaced H.264": {
    ...h264,
    options: [...X264, "-x264-params", "interlaced=1:keyint=20"],
    elements: "h264parse ! rtph264pay aggregate-mode=zero-latency",
  },
  "H.264 with open groups": {
    ...h264,
    options: [...X264, "-bf", "2", "-x264-params", "open-gop=1:keyint=20:scenecut=0"],
    elements: "h264parse ! rtph264pay",
  },
  "H.265 with aggregates and open groups": {
    ...h265,
    options: x265("keyint=20:bframes=3"),
    elements: "h265parse ! rtph265pay aggregate-mode=max",
  },
  "H.265 with slices and small packets": {
    ...h265,
    options: x265("keyint=20:slices=3"),
    elements: "h265parse ! rtph265pay mtu=200",
    size: "640x360",
  },
  "MJPEG 4:2:0": { ...mjpeg, options: ["-pix_fmt", "yuvj420p", "-huffman", "default"], elements: JPEG },
  "MPEG-4": {
    format: "m4v",
    depacketizer: mpeg4Depacketizer,
    options: ["-c:v", "mpeg4", "-g", "20"],
    elements: "mpeg4videoparse ! rtpmp4vpay config-interval=1",
  },
  VP8: {
    format: "ivf",
    depacketizer: vp8Depacketizer,
    options: ["-c:v", "libvpx", "-g", "20", "-b:v", "1M"],
    elements: "ivfparse ! rtpvp8pay picture-id-mode=15-bit",
  },
};

describe.runIf(hasRtspServer())("access units from GStreamer's packets", () => {
  test.each(Object.entries(ENCODINGS))("%s", async (_, encoding) => {
    const { format, options, elements, depacketizer, size = "320x176" } = encoding;
    const stream = encodeVideo(format, options, { size });
    const packets = await gstreamerPackets(stream, elements);
    const payloadTypes = [(packets[0]?.[1] ?? 0) & 127];
    const units = receivePackets(packets, depacketizer({ clockRate: 90_000, fmtp: {} }), { payloadTypes });
    const joined =
      format === "ivf"
        ? ivfFile(
            "VP80",
            units.map((unit) => joinUnits([unit])),
          )
        : joinUnits(units);
    expect(decodedFrames(format, joined)).toEqual(decodedFrames(format, stream));
    expect(units.filter(({ isDamaged }) => isDamaged)).toEqual([]);
    expect(units[0]).toMatchObject({ isKey: true, rotation: 0 });
    const [width, height] = size.split("x").map(Number);
    expect(units[0]?.format?.size).toEqual({ width, height });
    for (const unit of units) expect(unit.bytes).toBe(joinUnits([unit]).length);
    // MJPEG has key frames only, the others one in each group of 20.
    expect(units.filter(({ isKey }) => isKey).length).toBe(format === "mjpeg" ? 60 : 3);
  });
});

test.runIf(hasRtspServer())("MJPEG 4:2:2 from GStreamer's encoder decodes to the same frames", () => {
  const source = "videotestsrc num-buffers=5 pattern=snow ! video/x-raw,format=Y42B,width=320,height=176";
  const files = gstreamerBuffers(`${source} ! jpegenc quality=40`);
  const packets = gstreamerBuffers(`${source} ! jpegenc quality=40 ! rtpjpegpay`);
  const units = receivePackets(packets, mjpegDepacketizer({ clockRate: 90_000, fmtp: {} }), {
    payloadTypes: [26],
  });
  expect(decodedFrames("mjpeg", joinUnits(units))).toEqual(decodedFrames("mjpeg", Buffer.concat(files)));
  expect(units).toHaveLength(5);
});
