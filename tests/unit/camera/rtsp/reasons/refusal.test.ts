import { describe, expect, test } from "vitest";
import type { RtspReply } from "../../../../../agent/camera/rtsp/messages.ts";
import {
  loginError,
  otherTransportError,
  redirectError,
  refusalError,
} from "../../../../../agent/camera/rtsp/reasons/refusal.ts";
import { endedError } from "../../../../../agent/camera/rtsp/reasons/stream.ts";

const reply = (reason: string): RtspReply => ({
  ...{ status: 401, reason, body: "" },
  headers: new Map([["www-authenticate", [`X ${reason}`]]]),
});

describe("the passwords of an address that a camera repeats are not shown", () => {
  test.each([
    "rtsp://ann:hunter2@h/x",
    "rtsp://h/x?user=ann&password=hunter2",
    "rtsp://h/user=ann_password=hunter2_channel=1.sdp",
    `rtsp://ann:hunter2${"x".repeat(300)}@h/x`,
  ])("%s", (address) => {
    const errors = [
      redirectError("door", address),
      refusalError("door", "DESCRIBE", reply(address)),
      loginError("door", "refused", "DESCRIBE", reply(address)),
      loginError("door", "unsupported", "DESCRIBE", reply(address)),
      otherTransportError("door", address),
      endedError("door", address),
    ];
    for (const { message } of errors) {
      expect(message).not.toContain("hunter2");
      expect(message).toContain("***");
    }
  });
});
