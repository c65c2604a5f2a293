import { unescape as decoded } from "node:querystring";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitAddress } from "../../../../agent/base/address.ts";
import { streamAddressMistake } from "../../../../agent/base/address-mistake.ts";
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
    ["rtsp://[FE80::1%Eth0]/", { login: undefined, host: "fe80::1%Eth0", port: 554, path: "/" }],
    ["rtsp://[fe80::1%25wlan0]:55/", { login: undefined, host: "fe80::1%wlan0", port: 55, path: "/" }],
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

  test("omits the zone in requests", () => {
    expect(requestUri(split("rtsp://[fe80::1%eth0]/x"))).toBe("rtsp://[fe80::1]:554/x");
  });

  test("writes requests in ASCII", () => {
    expect(requestUri(split("rtsp://Häuschen.local/ströme/日本?n={ü}|1&%C3%BC#x"))).toBe(
      "rtsp://xn--huschen-5wa.local:554/str%C3%B6me/%E6%97%A5%E6%9C%AC?n=%7B%C3%BC%7D|1&%C3%BC",
    );
    expect(requestUri(split("rtsp://door/\ud800x"))).toBe("rtsp://door:554/%EF%BF%BDx");
  });

  test("omits the login in requests", () => {
    expect(requestUri(split("rtsp://admin:secret@door/x"))).toBe("rtsp://door:554/x");
  });
});

test("parses every address that the configuration accepts, into the same parts", () => {
  const character = fc.constantFrom(..."abZ0:/?#@%2.[]- &=~üé\t'");
  const piece = fc.string({ unit: character, maxLength: 8 });
  const port = fc.option(fc.integer({ min: 0, max: 70_000 }), { nil: undefined });
  const host = fc.oneof(piece, fc.constantFrom("10.0.0.7", "[fd00::7]", "[fe80::1%eth0]"));
  let accepted = 0;
  fc.assert(
    fc.property(fc.option(piece, { nil: undefined }), host, port, piece, (login, name, number, path) => {
      const address = `rtsp://${login === undefined ? "" : `${login}@`}${name}${number === undefined ? "" : `:${number}`}/${path}`;
      const parts = splitAddress(address);
      if (parts === undefined || streamAddressMistake(address) !== undefined) return;
      accepted++;
      const parsed = parseRtspAddress(address);
      expect(parsed?.host).toBe(parts.host.replace(/[[\]]/g, "").toLowerCase());
      expect(parsed?.port).toBe(parts.port ?? 554);
      expect(decoded(parsed?.path ?? "")).toBe(decoded(parts.path));
    }),
    { numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(100);
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
