import { describe, expect, test } from "vitest";
import {
  followRedirect,
  formatRtspAddress,
  parseRtspAddress,
  type RtspAddress,
  requestUri,
} from "../../../../agent/camera/rtsp/address.ts";

function split(address: string): RtspAddress {
  const parts = parseRtspAddress(address);
  if (parts === undefined) throw new Error(`no address: ${address}`);
  return parts;
}

describe("parseRtspAddress splits an address as ffmpeg does", () => {
  test.each([
    ["rtsp://door/", { login: undefined, host: "door", port: 554, path: "/" }],
    ["rtsp://Door.LAN:8554", { login: undefined, host: "door.lan", port: 8554, path: "" }],
    ["rtsp://a:b@10.0.0.7/x?y=1&z", { login: "a:b", host: "10.0.0.7", port: 554, path: "/x?y=1&z" }],
    ["rtsp://a:b@c@10.0.0.7/x@y", { login: "a:b@c", host: "10.0.0.7", port: 554, path: "/x@y" }],
    ["rtsps://[fd00::7]:322/x", { login: undefined, host: "fd00::7", port: 322, path: "/x" }],
  ])("%s", (address, parts) => {
    expect(split(address)).toMatchObject(parts);
    expect(parseRtspAddress(formatRtspAddress(split(address)))).toEqual(split(address));
  });

  test.each(["rtsp://", "http://door/", "rtsp://a:b/c@door/", "rtsp://door:99999/", "rtsp://do or/"])(
    "rejects %s",
    (address) => {
      expect(parseRtspAddress(address)).toBeUndefined();
    },
  );

  test("omits the login in requests", () => {
    expect(requestUri(split("rtsp://admin:secret@door/x"))).toBe("rtsp://door:554/x");
  });
});

describe("a redirect", () => {
  const from = split("rtsp://admin:secret@door/old");

  test.each([
    ["rtsp://door/new", "/new"],
    ["rtsp://DOOR:554/new?a=b", "/new?a=b"],
    ["rtsp://other:login@door/new", "/new"],
    ["/new", "/new"],
  ])("to %s is followed with the original login", (location, path) => {
    expect(followRedirect(from, location)).toEqual({ ...from, path });
  });

  test.each([
    "rtsp://evil/new",
    "rtsp://door:8554/new",
    "rtsps://door:554/new",
    "rtsp://door@evil/new",
    "rtsp://evil#@door/new",
    "rtsp://evil?@door/new",
    "rtsp://evil\\@door/new",
    "//evil/new",
    "http://door/new",
    "file:///etc/passwd",
    "concat:/etc/passwd",
    "tcp://door:554",
    "rtsp://door/new\r\nX: y",
    "rtsp://door/n\u0000",
    `rtsp://door/${"a".repeat(2000)}`,
    "",
  ])("to %j is not followed", (location) => {
    const next = followRedirect(from, location);
    // Some parsers read the text after a backslash as host, ffmpeg reads it as login: both ask the same host.
    expect(next === undefined || (next.host === from.host && next.port === from.port)).toBe(true);
    if (!location.includes("\\")) expect(next).toBeUndefined();
  });

  test("from TLS to clear text is not followed", () => {
    expect(followRedirect(split("rtsps://door:322/x"), "rtsp://door:322/x")).toBeUndefined();
  });
});
