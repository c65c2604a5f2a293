import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isStreamAddress,
  replaceSecretValues,
  splitAddress,
  withLowerCaseScheme,
  withoutCredentials,
  withoutLogin,
  withoutPossibleLogin,
} from "../../../agent/base/address.ts";
import { requireClearAddress, streamAddressMistake } from "../../../agent/base/address-mistake.ts";

describe("withoutCredentials", () => {
  test.each([
    ["rtsp://user:secret@10.0.0.7/stream2", "rtsp://user:***@10.0.0.7/stream2"],
    ["rtsp://user:p@ss@host:554/a?b=c", "rtsp://user:***@host:554/a?b=c"],
    ["rtsp://:secret@host/", "rtsp://:***@host/"],
    ["mqtts://u:s3cret@broker: Connection refused", "mqtts://u:***@broker: Connection refused"],
    ["rtsp://token@host/stream", "rtsp://***@host/stream"],
    ["rtsp://host:554/stream", "rtsp://host:554/stream"],
    ["no address at all, me@example.org", "no address at all, me@example.org"],
    ["rtsp://admin:p/ss@10.0.0.7/x", "rtsp://admin:***@10.0.0.7/x"],
    ["rtsp://admin:12/34@10.0.0.7/x", "rtsp://admin:***@10.0.0.7/x"],
    ["rtsp://admin:p?ss#w@10.0.0.7/x", "rtsp://admin:***@10.0.0.7/x"],
    ["rtsp://admin:p ss w@10.0.0.7/x", "rtsp://admin:***@10.0.0.7/x"],
    ["rtsp://admin:p:ss@10.0.0.7/x", "rtsp://admin:***@10.0.0.7/x"],
    ["rtsp://ad/min@10.0.0.7/x", "rtsp://***@10.0.0.7/x"],
    ["rtsp://h/s?user=a&password=b&channel=1", "rtsp://h/s?user=***&password=***&channel=1"],
    ["rtsp://h/s?channel=1&subtype=0&real#top", "rtsp://h/s?channel=1&subtype=0&real#top"],
    ["rtsp://h/trackID=1/x=main;pin=1234", "rtsp://h/trackID=1/x=main;pin=***"],
    ["rtsp://h:SECRETX1/x", "rtsp://h:***"],
    ["rtsp://u:p@h:SECRETX1/x", "rtsp://u:***@h:***"],
    ["rtsp://[::1]:554/x and rtsp://[::1]:SECRETX1", "rtsp://[::1]:554/x and rtsp://[::1]:***"],
    ["rtsp://h: refused, rtsp://h:554: refused", "rtsp://h: refused, rtsp://h:554: refused"],
    [
      'starts with rtsp:// or rtsps:// (…), received "me@h"',
      'starts with rtsp:// or rtsps:// (…), received "me@h"',
    ],
    ["cannot open rtsp://h/x\nme@example.org", "cannot open rtsp://h/x\nme@example.org"],
    ['rtsp://admin:p"SECRETX1@h/x', "rtsp://admin:***@h/x"],
    ["rtsp://h/user=a_password=b_channel=1.sdp?real", "rtsp://h/user=***"],
    ["rtsp://h/user=admin&password=x&channel=1/", "rtsp://h/user=***&password=***&channel=***"],
    ["rtsp://h/cam/password=x&subtype=0", "rtsp://h/cam/password=***&subtype=0"],
    ["RTSP://admin:SECRETX1@h/x", "RTSP://admin:***@h/x"],
  ])("shows %s as %s", (text, shown) => {
    expect(withoutCredentials(text)).toBe(shown);
  });

  test.each([
    ...["key=abc", "apikey=abc", "pw=1234", "psw=abc", "passcode=1234", "%70wd=abc", "p%77=abc", "pwd[]=abc"],
    ...[
      "sig=abc",
      "Authorization=Basic+abc==",
      "x=1;pwd=abc",
      "pwd=abc;abc",
      "pwd=a/abc?abc#abc",
      "LoginCode=1234",
    ],
    ...["x=abc12345", "abc12345", "x%3Dpwd%3Dabc", "stream=main#abc12345", "x=abc/abc&pwd=abc"],
  ])("shows no secret of the query ?%s, and init moves it", (query) => {
    const secret = /abc|1234/;
    expect(withoutCredentials(`see "rtsp://h/s?${query}" here`)).not.toMatch(secret);
    expect(withoutCredentials(`see "rtsp://h/s?${query}" here`)).toMatch(/" here$/);
    expect(replaceSecretValues(`/s?${query}`, () => "{P}")).not.toMatch(secret);
  });

  test("removes the passwords of several addresses", () => {
    expect(withoutCredentials("tried rtsp://a:x@h and then rtsp://b:y@h")).toBe(
      "tried rtsp://a:***@h and then rtsp://b:***@h",
    );
  });

  test.each([
    ["a long text of letters", "a".repeat(1_000_000)],
    ["many schemes", "rtsp://a:".repeat(100_000)],
    ["many parameters", `rtsp://a/${"?a=1".repeat(100_000)}`],
    ["many words", `rtsp://a/${" a".repeat(100_000)}`],
  ])("finds an address in %s", (_, text) => {
    expect(withoutCredentials(`${text} rtsp://u:hunter2@h`)).not.toContain("hunter2");
  });
});

test("withoutLogin never shows the password, whatever characters it contains", () => {
  const shown = "rtsp://***@10.0.0.7/x";
  fc.assert(
    fc.property(fc.string({ minLength: 4, unit: "binary" }), (password) => {
      fc.pre(!shown.includes(password));
      expect(withoutLogin(`rtsp://admin:${password}@10.0.0.7/x`)).toBe(shown);
      expect(withoutLogin(`admin:${password}@10.0.0.7`)).toBe("***@10.0.0.7");
    }),
  );
});

test.each([
  ["door=rtsp://admin:SECRETX1", "door=rtsp://admin:***"],
  ["rtsp://h:SECRETX1/x", "rtsp://h:***"],
  ["rtsp://h:99999/x", "rtsp://h:***"],
  ["rtsp:/admin:SECRETX1", "rtsp:***"],
  ["cam:SECRETX1", "cam:***"],
  ["[::1]:SECRETX1", "[::1]:***"],
  ["broker:1883", "broker:1883"],
])("withoutLogin shows %s, which may lack its host, as %s", (text, shown) => {
  expect(withoutLogin(text)).toBe(shown);
});

test.each([
  ["rtsp:/admin:SECRETX1@cam", "***@cam"],
  ["rtsp//admin:SECRETX1@cam/x", "***@cam/x"],
  ["rtsp//admin:SECRETX1", "rtsp//admin:***"],
  ["rtsp//SECRETX1@cam", "***@cam"],
  ["rtsp;//admin:SECRETX1@cam", "***@cam"],
  ["RTSP://admin:SECRETX1@cam", "RTSP://***@cam"],
  ["admin:SECRETX1@cam", "***@cam"],
  ["door=rtsp:/admin:SECRETX1", "door=rtsp:***"],
  ["clips/2026-11-29/18:30.mp4", "clips/2026-11-29/18:30.mp4"],
  ["/home/me@example.org/model.wasm", "/home/me@example.org/model.wasm"],
  ["rtsp://10.0.0.7:554/stream2", "rtsp://10.0.0.7:554/stream2"],
  ["//server/share/clip.mp4", "//server/share/clip.mp4"],
])("withoutPossibleLogin shows %s, a file name or a mistyped address, as %s", (text, shown) => {
  expect(withoutPossibleLogin(text)).toBe(shown);
});

test("a scheme may be in capital letters", () => {
  expect(["rtsp://h", "RTSP://h", "Rtsps://h", "http://h", "rtsp:/h"].map(isStreamAddress)).toEqual([
    ...[true, true, true, false, false],
  ]);
  expect(withLowerCaseScheme("RTSPS://Admin:PW@Host/X")).toBe("rtsps://Admin:PW@Host/X");
});

describe("splitAddress", () => {
  test.each([
    ["rtsp://10.0.0.7/a?b=c", { user: undefined, password: undefined, host: "10.0.0.7", path: "/a?b=c" }],
    ["rtsp://u:p%2Fw@h:8554/1", { user: "u", password: "p%2Fw", host: "h", port: 8554, path: "/1" }],
    ["rtsps://u:@[fe80::1%25eth0]", { user: "u", password: "", host: "[fe80::1%25eth0]", path: "" }],
    ["rtsp://token@häuschen.local", { user: "token", password: undefined, host: "häuschen.local" }],
    ["rtsp://u:p!$&'()*+,;=~ü{}@h/x", { password: "p!$&'()*+,;=~ü{}" }],
  ])("%s", (text, parts) => {
    expect(splitAddress(text)).toMatchObject(parts);
    expect(requireClearAddress(text)).toBe(text);
  });

  test.each([
    ...["p/ss", "p?ss", "p#ss", "p@ss", "p:ss", "p ss", "12/34", "p@x/y", "100%", "%zz", "p\nss", "/", "@"],
  ])("rejects an address with the unencoded password %j", (password) => {
    const address = `rtsp://admin:${password}@10.0.0.7/x`;
    expect(splitAddress(address)).toBeUndefined();
    expect(() => requireClearAddress(address)).toThrow(/expected an address/);
    expect(() => requireClearAddress(address)).toThrow(/received "rtsp:\/\/\*\*\*@10\.0\.0\.7\/x"$/);
  });

  test.each(["", "rtsp://", "rtsp:///x", "rtsp://{HOST}/x", "rtsp://h:99999/x", "rtsp://h:x/y", "10.0.0.7"])(
    "rejects %j",
    (text) => {
      expect(splitAddress(text)).toBeUndefined();
    },
  );
});

describe("the mistake in a stream's address is named with the remedy that helps", () => {
  const SLASHES = "two slashes after the colon";
  const SCHEME = "an address that starts with rtsp:// or rtsps://";
  const SPACES = "an address without spaces";
  const HOST = "a host";
  const DIGITS = "two hexadecimal digits after each % in the path";
  const FOUR = "an IPv4 address of four numbers from 0 to 255";
  const GROUP = "the address of one device, not of a multicast or broadcast group";
  const BRACKETS = "an IPv6 address in brackets";
  const PORT = "a port from 1 to 65535 after the host";
  const LOGIN = "an address in which user, password and host can be told apart";

  test.each([
    ["rtsp:/door/1", SLASHES, "write rtsp://"],
    ["rtsp:door/1", SLASHES, "write rtsp://"],
    ["rtsp//door/1", SLASHES, "write rtsp://"],
    ["http://door/1", SCHEME, "web page"],
    ["HTTPS://u:p@door/1", SCHEME, "web page"],
    ["door/1", SCHEME, "write rtsp://"],
    ["rtps://door/1", SCHEME, "write rtsp://"],
    ["", SCHEME, "write rtsp://"],
    [" rtsp://door/1", "an address without spaces around it", "remove"],
    ["rtsp://door/1 ", "an address without spaces around it", "remove"],
    ['"rtsp://door/1"', "an address without quotes or brackets around it", "remove"],
    ["<rtsp://door/1>", "an address without quotes or brackets around it", "remove"],
    ["rtsp://u:p@<ip>/1", HOST, "placeholder"],
    ["rtsp://{ip}:554/1", HOST, "placeholder"],
    ["rtsp://door\\1", "slashes after the host", "instead of \\"],
    ["rtsp://door/<channel>", "a path without quotes and without < and >", "%3C"],
    ['rtsp://door/1"', "a path without quotes and without < and >", "%22"],
    ["rtsp://door/a\\b", "a path without \\", "%5C"],
    ["rtsp://door/x?user=u&password=p#ss", "an address without #", "%23"],
    ["rtsp://u:p@door#1", "an address without #", "%23"],
    ["rtsp://door/x#video=copy", "an address without #", "go2rtc"],
    ["rtsp://door/100%", DIGITS, "%25"],
    ["rtsp://door/x?level=50%&a=%zz", DIGITS, "%25"],
    ["rtsp://door/stream\u200b1", "a path without invisible characters", "type the address again"],
    ["rtsp://door/stream\u00071", "a path without invisible characters", "type the address again"],
    ["rtsp://010.0.0.1/1", "an IPv4 address without leading zeros, which can mean octal numbers", "10.0.0.1"],
    [
      "rtsp://192.168.001.020/1",
      "an IPv4 address without leading zeros, which can mean octal numbers",
      "10.0.0.1",
    ],
    ["rtsp://u:p@192.168.1.300:554/1", FOUR, "all four"],
    ["rtsp://192.168.1/1", FOUR, "all four"],
    ["rtsp://0x7f.1/1", FOUR, "all four"],
    ["rtsp://3232235777/1", FOUR, "all four"],
    ["rtsp://239.1.2.3/1", GROUP, "web page"],
    ["rtsp://[ff02::1]/1", GROUP, "web page"],
    ["rtsp://255.255.255.255/1", GROUP, "web page"],
    ["rtsp://0.0.0.0/1", "an address to which a connection can be made", "127.0.0.1"],
    ["rtsp://[::]/1", "an address to which a connection can be made", "127.0.0.1"],
    ["rtsp://[fe80::1]/1", "a link-local IPv6 address with the name of the network interface", "%eth0"],
    ["rtsp://[1::2::3]/1", "a valid IPv6 address", "at most once"],
    [
      "rtsp://door..lan/1",
      "a host name whose parts between the dots have 1 to 63 characters",
      "write the name",
    ],
    ["rtsp://u:pw@door/front yard", SPACES, "%20"],
    ["rtsp://door/front yard", SPACES, "%20"],
    ["rtsp://", HOST, "HOST"],
    ["rtsp:///1", HOST, "HOST"],
    ["rtsp://u:p@/1", HOST, "HOST"],
    ["rtsp://u:p@", HOST, "HOST"],
    ["rtsp://:554/1", HOST, "HOST"],
    ["rtsp://fe80::1/1", BRACKETS, "[fe80::1%eth0]"],
    ["rtsp://u:p@fe80::1%eth0/1", BRACKETS, "[fe80::1%eth0]"],
    ["rtsp://[door]/1", "an IPv6 address between the brackets", "[fd00::7]"],
    ["rtsp://[fe80::1%]/1", "an IPv6 address between the brackets", "[fe80::1%eth0]"],
    ["rtsp://u:p@door:0/1", PORT, "554"],
    ["rtsp://u:p@door:65536/1", PORT, "554"],
    ["rtsp://u:p@[fd00::7]:99999999", PORT, "554"],
    ["rtsp://u:p@door:/1", PORT, "554"],
    ["rtsp://u:p@door:rtsp/1", PORT, "554"],
    ["rtsp://door:0/1", PORT, "the host is missing"],
    ["rtsp://admin:secret", PORT, "the host is missing"],
    ["rtsp://admin:99999999/1", PORT, "the host is missing"],
    ["rtsp://u:p w@door/1", LOGIN, "a space as %20"],
    ["rtsp://u:p@ss@door/1", LOGIN, "@ as %40"],
    ["rtsp://u:p/w@door/1", LOGIN, "/ as %2F"],
    ["rtsp://u:50%@door/1", LOGIN, "% as %25"],
  ])("%s", (address, expected, remedy) => {
    const mistake = streamAddressMistake(address);
    expect(mistake?.expected).toBe(expected);
    expect(mistake?.remedy).toContain(remedy);
    expect(mistake?.isInLogin).toBe(expected === LOGIN);
  });

  test.each([
    "rtsp://door",
    "rtsps://u:p@10.0.0.7:65535/a?b=c%23d",
    "rtsp://[fe80::1%eth0]:1/x",
    "RTSP://häuschen/ströme",
    "rtsp://door.lan./x",
    "rtsp://cam-1_front.local:8554/",
    "rtsp://[fd00::7]/x",
    // Paths as cameras' manuals print them.
    "rtsp://u:p@h/cam/realmonitor?channel=1&subtype=0&unicast=true&proto=Onvif",
    "rtsp://h:554/user=admin&password=&channel=1&stream=0.sdp?real_stream--rtp-caching=100",
    "rtsp://h/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream",
    "rtsp://h/axis-media/media.amp?videocodec=h264&resolution=640x480",
    "rtsp://h/ISAPI/Streaming/channels/101?auth=YWRtaW46cHc==",
    "rtsp://h/live;stream=1/trackID=0",
    "rtsp://h/?h26x=4&line=1&inst=1",
    "rtsp://h//live/ch1",
    "rtsp://h/0/admin:pw/main",
    "rtsp://h/video.mp4?x=a|b,c*(d)!$'~[1]^`",
    "rtsp://h/x?user=me%40example.org&name=50%25",
  ])("%s is an address", (address) => {
    expect(streamAddressMistake(address)).toBeUndefined();
  });

  test("it is found fast in any text", () => {
    for (const part of ["a:", "@", "[", "%", "::", "/", "rtsp://", " "]) {
      const startMs = performance.now();
      streamAddressMistake(`rtsp://${part.repeat(50_000)}`);
      expect(performance.now() - startMs).toBeLessThan(2_000);
    }
  });
});
