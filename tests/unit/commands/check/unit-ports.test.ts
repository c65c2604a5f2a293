import { expect, test } from "vitest";
import { readPortRules } from "../../../../agent/commands/check/unit-ports.ts";

test("a unit without port rules allows every port", () => {
  expect(readPortRules("SocketBindAllow=\nSocketBindDeny=\n")(5080)).toBe(true);
});

test("the shipped unit allows no port", () => {
  expect(readPortRules("SocketBindAllow=\nSocketBindDeny=any\n")(5080)).toBe(false);
});

test.each([
  ["the port itself", "SocketBindAllow=tcp:5080", true],
  ["the port for every protocol", "SocketBindAllow=5080", true],
  ["one of several ports on one line", "SocketBindAllow=tcp:9464 tcp:5080", true],
  ["one of several ports on separate lines", "SocketBindAllow=tcp:9464\nSocketBindAllow=tcp:5080", true],
  ["a range of IPv4 ports", "SocketBindAllow=ipv4:tcp:5000-5100", true],
  ["every TCP port", "SocketBindAllow=tcp:any", true],
  ["another port", "SocketBindAllow=tcp:9464", false],
  ["UDP", "SocketBindAllow=udp:5080", false],
])("a drop-in that allows %s", (_what, allowed, expected) => {
  expect(readPortRules(`${allowed}\nSocketBindDeny=any\n`)(5080)).toBe(expected);
});
