import { describe, expect, test } from "vitest";
import { chooseVideo } from "../../../../agent/camera/rtsp/choose-video.ts";
import { readDescription } from "../../../../agent/camera/rtsp/description.ts";
import { describing } from "../../../support/camera/scripted-camera.ts";

const track = (encoding: string, size: string) =>
  `video 0 RTP/AVP 96\r\na=rtpmap:96 ${encoding}/90000\r\na=x-dimensions:${size}`;
const choose = (media: readonly string[], wanted?: { width: number; height: number }) => {
  const { index, why } = chooseVideo("door", readDescription(describing(...media)), wanted);
  return { index, why };
};

const SMALL = track("H264", "640,360");
const LARGE = track("H265", "1920,1080");
const MJPEG = track("JPEG", "1920,1080");
const AV1 = track("AV1", "1920,1080");
const FULL_HD = { width: 1920, height: 1080 };

describe("of several video tracks", () => {
  test.each([
    [[SMALL], FULL_HD, { index: 0, why: "only" }],
    [[SMALL, LARGE], undefined, { index: 0, why: "first" }],
    [[SMALL, LARGE], FULL_HD, { index: 1, why: "size" }],
    [[MJPEG, LARGE], FULL_HD, { index: 1, why: "size" }],
    [[SMALL, MJPEG], FULL_HD, { index: 0, why: "first" }],
    [[AV1, MJPEG], undefined, { index: 1, why: "codec" }],
    [["audio 0 RTP/AVP 0", SMALL], undefined, { index: 0, why: "only" }],
  ])("%j, wanted %j: %j", (media, wanted, chosen) => {
    expect(choose(media, wanted)).toEqual(chosen);
  });

  test("one that can be decoded is required", () => {
    expect(() => choose(["audio 0 RTP/AVP 0"])).toThrow(
      "door: the stream has no video track, only audio (PCMU)",
    );
    expect(() => choose(["video 0 RTP/AVP 96", "audio 0 RTP/AVP 0"])).toThrow(
      "door: the stream's description does not say which codec its video has (payload type 96 without a=rtpmap)",
    );
    expect(() => choose([AV1, track("MPV", "9,9")])).toThrow("door: the stream's video is AV1");
  });
});
