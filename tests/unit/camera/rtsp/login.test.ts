import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { authorize, decodeLogin } from "../../../../agent/camera/rtsp/login.ts";

const LOGIN = { user: "Mufasa", password: "Circle of Life" };
const GET = { method: "GET", uri: "/dir/index.html" };

/** The parameters of a header by name. */
const fields = (header = "") =>
  Object.fromEntries([...header.matchAll(/([a-z]+)="?([^",]*)"?/g)].map(([, name, value]) => [name, value]));

describe("a login", () => {
  test.each([
    ["admin:secret", { user: "admin", password: "secret" }],
    ["admin", { user: "admin", password: "" }],
    ["a%40b:p%2Fss%3Aw:x", { user: "a@b", password: "p/ss:w:x" }],
    ["admin:100%", { user: "admin", password: "100%" }],
    ["admin:%C3%A4", { user: "admin", password: "ä" }],
  ])("%s is decoded", (login, decoded) => {
    expect(decodeLogin(login)).toEqual(decoded);
  });

  test("is not sent without a challenge", () => {
    expect(authorize([], LOGIN, GET)).toBeUndefined();
    expect(authorize(["Bearer x", "NTLM"], LOGIN, GET)).toBeUndefined();
  });

  test("is sent in clear text if the camera offers only Basic", () => {
    expect(authorize(['Basic realm="x"'], { user: "a", password: "b" }, GET)).toBe("Basic YTpi");
  });

  test("answers a digest without qop as in RFC 2069", () => {
    const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    const login = { user: "Mufasa", password: "CircleOfLife" };
    const header = authorize([`Digest realm="testrealm@host.com", nonce="${nonce}"`], login, GET);
    expect(fields(header)).toMatchObject({ nonce, username: "Mufasa", uri: GET.uri });
    expect(fields(header).response).toBe("1949323746fe6a43ef61f9606e7febea");
  });

  test.each([
    ["MD5", "md5"],
    ["SHA-256", "sha256"],
  ])("prefers Digest to Basic and answers it with qop as in RFC 7616 (%s)", (algorithm, name) => {
    const challenge = `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf", opaque="FQhe"`;
    const header = authorize(['Basic realm="x"', challenge], LOGIN, GET);
    const { response, cnonce, opaque, qop } = fields(header);
    const h = (text: string) => createHash(name).update(text).digest("hex");
    const secret = h("Mufasa:http-auth@example.org:Circle of Life");
    expect(response).toBe(h(`${secret}:7ypf:00000001:${cnonce}:auth:${h("GET:/dir/index.html")}`));
    expect({ opaque, qop }).toEqual({ opaque: "FQhe", qop: "auth" });
  });

  test("falls back to Basic if the digest algorithm is not supported", () => {
    const challenges = ['Digest realm="x", nonce="y", algorithm=SHA-512-256', 'Basic realm="x"'];
    expect(authorize(challenges, LOGIN, GET)).toMatch(/^Basic /);
  });
});
