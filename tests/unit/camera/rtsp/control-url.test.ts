import { describe, expect, test } from "vitest";
import { parseRtspAddress } from "../../../../agent/camera/rtsp/address.ts";
import { controlBase, resolveControl } from "../../../../agent/camera/rtsp/control-url.ts";

const camera = parseRtspAddress("rtsp://ann:pw@10.0.0.7/cam?channel=1");
if (camera === undefined) throw new Error("an invalid address");
const ROOT = "rtsp://10.0.0.7:554";

describe("the base of control URLs", () => {
  test.each([
    [undefined, `${ROOT}/cam?channel=1`],
    ["", `${ROOT}/cam?channel=1`],
    ["rtsp://10.0.0.7/cam/", `${ROOT}/cam/`],
    ["rtsp://user:pw@192.168.1.1:5554/inner/", `${ROOT}/inner/`],
    ["/cam/", `${ROOT}/cam/`],
  ])("%j is %s", (stated, base) => {
    expect(controlBase(camera, stated)).toBe(base);
  });
});

describe("a control URL", () => {
  test.each([
    [`${ROOT}/cam/`, undefined, `${ROOT}/cam/`],
    [`${ROOT}/cam/`, "*", `${ROOT}/cam/`],
    [`${ROOT}/cam/`, "track1", `${ROOT}/cam/track1`],
    [`${ROOT}/cam`, "track1", `${ROOT}/cam/track1`],
    [`${ROOT}/cam?channel=1`, "trackID=0", `${ROOT}/cam?channel=1/trackID=0`],
    [`${ROOT}/cam`, "?track=1", `${ROOT}/cam?track=1`],
    [`${ROOT}/cam/`, "/cam/track1", `${ROOT}/cam/track1`],
    [`${ROOT}/cam/`, "/track1", `${ROOT}/cam/track1`],
    [`${ROOT}/cam`, "rtsp://10.0.0.7/cam/track1", `${ROOT}/cam/track1`],
    [`${ROOT}/cam`, "rtsp://evil.example:99/x?y=1", `${ROOT}/x?y=1`],
    [`${ROOT}/cam`, "http://user:pw@evil.example", ROOT],
    [`${ROOT}/cam`, "a b\u0000ä", `${ROOT}/cam/a%20b%00%C3%A4`],
  ])("with the base %s, %j is %s", (base, control, uri) => {
    expect(resolveControl(camera, base, control)).toBe(uri);
  });

  test("of more than 1000 characters is refused", () => {
    expect(() => resolveControl(camera, ROOT, "a".repeat(1001))).toThrow("more than 1000 characters");
  });
});
