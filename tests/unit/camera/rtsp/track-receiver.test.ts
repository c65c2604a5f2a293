import { expect, test } from "vitest";
import type { RtpPacket } from "../../../../agent/camera/rtsp/access-unit.ts";
import { readDescription } from "../../../../agent/camera/rtsp/description.ts";
import { trackReceiver } from "../../../../agent/camera/rtsp/track-receiver.ts";
import { describing, H264_TRACK, keyFramePacket } from "../../../support/camera/scripted-camera.ts";
import { manualClock } from "../../../support/time/manual-clock.ts";

test("the packets of a connection outlast the buffer in which they were received", () => {
  const [track] = readDescription(describing(H264_TRACK)).video;
  if (track === undefined) throw new Error("no track");
  const packets: RtpPacket[] = [];
  const { receive } = trackReceiver(track, {
    clock: manualClock(),
    ssrc: 1,
    isReliable: true,
    onFirst: () => {},
    onPacket: (packet) => packets.push(packet),
    onBye: () => {},
  });
  const buffer = Buffer.from(keyFramePacket(0));
  receive("rtp", buffer);
  buffer.fill(0xff);
  expect(packets.map(({ payload }) => payload[0])).toEqual([0x65]);
});
