import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { answersTo, HOST_NAME, remedyForHost } from "../../../agent/base/named-host.ts";

/** A request with these `Host` headers, as Node reads it. */
function requestFor(hosts: readonly string[], url = "/"): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  request.headersDistinct = hosts.length === 0 ? {} : { host: [...hosts] };
  return request;
}

describe("a server and the host of a request", () => {
  const isAddressed = answersTo(["Cam.Example.", "reverse_proxy"], "Attic.lan");
  test.each([
    ["127.0.0.1:5080", true],
    ["10.0.0.7", true],
    ["[::1]:5080", true],
    ["[fd00::7]", true],
    ["localhost", true],
    ["LOCALHOST.:5080", true],
    ["attic.lan:5080", true],
    ["attic", true],
    ["attic.local", true],
    ["cam.example", true],
    ["CAM.example.:443", true],
    ["reverse_proxy:80", true],
    ["evil.example", false],
    ["attic.evil.example", false],
    ["cam.example.evil.example", false],
    ["localhost.evil.example", false],
    ["127.0.0.1.evil.example:5080", false],
    ["evil.example:127.0.0.1", false],
    ["user@127.0.0.1", false],
    ["[127.0.0.1]", false],
    ["2130706433", false],
    ["fd00::7", false],
    ["[cam.example]", false],
    ["", false],
    [".", false],
  ])("%j: %s", (host, expected) => {
    expect(isAddressed(requestFor([host]))).toBe(expected);
  });

  test("refuses a request without a host or with two", () => {
    expect(isAddressed(requestFor([]))).toBe(false);
    expect(isAddressed(requestFor(["localhost", "localhost"]))).toBe(false);
  });

  test("accepts an absolute address only if its host is accepted, too", () => {
    expect(isAddressed(requestFor(["localhost"], "http://localhost:5080/"))).toBe(true);
    expect(isAddressed(requestFor(["localhost"], "http://evil.example/"))).toBe(false);
    expect(isAddressed(requestFor(["localhost"], "evil.example:443"))).toBe(false);
  });

  test("refuses an empty name on a machine without a name", () => {
    expect(answersTo([], "")(requestFor([".local"]))).toBe(false);
  });
});

test("the remedy names the key and the host, but no text that is not a host name", () => {
  expect(remedyForHost(requestFor(["Cam.lan:80"]), "view.allowed_hosts")).toContain(
    'add "cam.lan" to view.allowed_hosts',
  );
  expect(remedyForHost(requestFor(["<b>\u009b31m"]), "view.allowed_hosts")).toContain(
    "add its host name to view.allowed_hosts",
  );
});

test.each([
  "*",
  "*.example",
  "http://cam.example",
  "cam.example:80",
  "cam.example/",
  "a b",
  "",
  "-a",
  "a..b",
  "x".repeat(64),
])("%j is no host name", (text) => expect(text).not.toMatch(HOST_NAME));
