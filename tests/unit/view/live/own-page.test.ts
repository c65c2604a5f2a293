import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import { isForeignForm, isForeignSubresource, isOwnOrigin } from "../../../../agent/view/live/own-page.ts";

const HOST = "10.0.0.7:5080";

describe("a WebSocket belongs to our own page", () => {
  test.each([
    ["http://127.0.0.1:5080", "127.0.0.1:5080", true],
    ["https://camera.example", "camera.example", true],
    ["https://camera.example", "camera.example:443", true],
    ["http://camera.example", "Camera.Example:80", true],
    ["http://127.0.0.1:5081", "127.0.0.1:5080", false],
    ["http://evil.example", "127.0.0.1:5080", false],
    ["null", "127.0.0.1:5080", false],
    [undefined, "127.0.0.1:5080", false],
    ["http://127.0.0.1:5080", undefined, false],
  ])("from %s at %s: %s", (origin, host, expected) => {
    expect(isOwnOrigin({ ...(origin && { origin }), ...(host && { host }) })).toBe(expected);
  });
});

describe("a form is foreign", () => {
  test.each<[string, IncomingHttpHeaders, boolean]>([
    ["our page's, over plain HTTP", { origin: `http://${HOST}` }, false],
    ["our page's, on the loopback or over HTTPS", { origin: "null", "sec-fetch-site": "same-origin" }, false],
    [
      "our page's, behind a proxy that changes the host",
      { origin: "https://cam.example", "sec-fetch-site": "same-origin" },
      false,
    ],
    ["a program's", {}, false],
    ["another site's, over plain HTTP", { origin: "http://evil.example" }, true],
    ["a sandboxed frame's", { origin: "null" }, true],
    [
      "another site's, on the loopback or over HTTPS",
      { origin: `http://${HOST}`, "sec-fetch-site": "cross-site" },
      true,
    ],
    ["another port's of this host", { origin: "http://10.0.0.7:8123" }, true],
  ])("%s: %o: %s", (_whose, headers, expected) => {
    expect(isForeignForm({ host: HOST, ...headers })).toBe(expected);
  });
});

describe("the page of another site caused the request in the background", () => {
  const opened = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  const html = "text/html,application/xhtml+xml,image/avif,*/*;q=0.8";
  test.each<[string, IncomingHttpHeaders, boolean]>([
    ["an address typed in", { "sec-fetch-site": "none", ...opened, accept: html }, false],
    ["a link on a dashboard", { "sec-fetch-site": "cross-site", ...opened, accept: html }, false],
    ["the same, over plain HTTP", { accept: html, referer: "http://home.example/" }, false],
    ["curl", { accept: "*/*" }, false],
    ["a program without headers", {}, false],
    [
      "an image",
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
      true,
    ],
    [
      "a frame",
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      true,
    ],
    [
      "a fetch from another port",
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" },
      true,
    ],
    ["Chromium's image, over plain HTTP", { accept: "image/avif,image/webp,image/apng,*/*;q=0.8" }, true],
    ["a style sheet, over plain HTTP", { accept: "text/css,*/*;q=0.1" }, true],
    ["a script, over plain HTTP", { accept: "*/*", referer: "http://evil.example/" }, true],
    ["a fetch, over plain HTTP", { accept: "*/*", origin: "http://evil.example" }, true],
  ])("%s: %o: %s", (_what, headers, expected) => {
    expect(isForeignSubresource({ host: HOST, ...headers })).toBe(expected);
  });
});
