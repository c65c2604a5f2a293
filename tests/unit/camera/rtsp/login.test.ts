import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createLogin, decodeLogin } from "../../../../agent/camera/rtsp/login.ts";
import type { RtspReply } from "../../../../agent/camera/rtsp/messages.ts";

const LOGIN = { user: "Mufasa", password: "Circle of Life" };
const GET = { method: "GET", uri: "/dir/index.html" };
const BASIC = 'Basic realm="x"';
const digest = (nonce: string, more = "") => `Digest realm="x", nonce="${nonce}"${more}`;

const reply = (status: number, name: string, values: readonly string[]): RtspReply => ({
  ...{ status, reason: "", body: "" },
  headers: new Map([[name, values]]),
});
const asks = (...challenges: readonly string[]) => reply(401, "www-authenticate", challenges);
const OK = reply(200, "cseq", ["1"]);

const newLogin = (login = LOGIN, memory = { askedDigest: false }) => createLogin(login, memory);

/** The header that answers these challenges. */
function authorize(challenges: readonly string[], login = LOGIN): string | undefined {
  const created = newLogin(login);
  created.judge(asks(...challenges), undefined);
  return created.authorize(GET);
}

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

  test("is not sent before the camera asks for it", () => {
    expect(newLogin().authorize(GET)).toBeUndefined();
  });

  test("is sent in clear text if the camera offers only Basic", () => {
    expect(authorize([BASIC], { user: "a", password: "b" })).toBe("Basic YTpi");
  });

  test("answers a digest without qop as in RFC 2069", () => {
    const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    const login = { user: "Mufasa", password: "CircleOfLife" };
    const header = authorize([`Digest realm="testrealm@host.com", nonce="${nonce}"`], login);
    expect(fields(header)).toMatchObject({ nonce, username: "Mufasa", uri: GET.uri });
    expect(fields(header).response).toBe("1949323746fe6a43ef61f9606e7febea");
  });

  test.each([
    ["MD5", "md5"],
    ["SHA-256", "sha256"],
  ])("prefers Digest to Basic and answers it with qop as in RFC 7616 (%s)", (algorithm, name) => {
    const challenge = `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf", opaque="FQhe"`;
    const header = authorize([BASIC, challenge]);
    const { response, cnonce, opaque, qop } = fields(header);
    const h = (text: string) => createHash(name).update(text).digest("hex");
    const secret = h("Mufasa:http-auth@example.org:Circle of Life");
    expect(response).toBe(h(`${secret}:7ypf:00000001:${cnonce}:auth:${h("GET:/dir/index.html")}`));
    expect({ opaque, qop }).toEqual({ opaque: "FQhe", qop: "auth" });
  });

  test("prefers SHA-256 to MD5", () => {
    const header = authorize([digest("a", ", algorithm=MD5"), digest("b", ", algorithm=SHA-256")]);
    expect(fields(header)).toMatchObject({ nonce: "b", algorithm: "SHA-256" });
  });

  test.each([
    ["Basic first", `${BASIC}, ${digest("a", ', qop="auth,auth-int"')}`],
    ["Basic last", `${digest("a")}, Basic realm="y"`],
    ["another scheme first", `Negotiate, ${digest("a", ", opaque=")}, Bearer realm="y", scope="nonce=b"`],
    ["MD5 and SHA-256", `${digest("b", ", algorithm=MD5")}, ${digest("a", ", algorithm=SHA-256")}`],
    ["a realm that looks like a challenge", `Digest realm="x", domain="/, Basic realm=y", nonce="a"`],
  ])("prefers Digest where one header has several challenges: %s", (_, header) => {
    expect(fields(authorize([header]))).toMatchObject({ realm: "x", nonce: "a" });
  });

  test("counts the requests that a nonce signs", () => {
    const login = newLogin();
    login.judge(asks(digest("a", ", qop=auth")), undefined);
    const counts = [1, 2, 3].map(() => fields(login.authorize(GET)).nc);
    expect(counts).toEqual(["00000001", "00000002", "00000003"]);
  });

  test("takes the next nonce that the camera announces", () => {
    const login = newLogin();
    login.judge(asks(digest("a", ", qop=auth")), undefined);
    const sent = login.authorize(GET);
    login.judge(reply(200, "authentication-info", ['nextnonce="b"']), sent);
    expect(fields(login.authorize(GET))).toMatchObject({ nonce: "b", nc: "00000001" });
  });
});

describe("a refused request", () => {
  test("is sent again with a login only if the address has one", () => {
    expect(newLogin().judge(asks(BASIC), undefined)).toBe("again");
    expect(createLogin(undefined, { askedDigest: false }).judge(asks(BASIC), undefined)).toBe("missing");
  });

  test.each([
    ["Digest", digest("a"), digest("b")],
    ["Basic", BASIC, BASIC],
    ["Basic, then Digest", BASIC, digest("a")],
  ])("is not sent again with a wrong password: %s", (_, first, second) => {
    const login = newLogin();
    login.judge(asks(first), undefined);
    expect(login.judge(asks(second), login.authorize(GET))).toBe("refused");
  });

  test("is sent again with a new nonce if the old one is stale", () => {
    const login = newLogin();
    login.judge(asks(digest("a")), undefined);
    expect(login.judge(asks(digest("b", ", stale=TRUE")), login.authorize(GET))).toBe("again");
    expect(fields(login.authorize(GET)).nonce).toBe("b");
    expect(login.judge(asks(digest("b", ", stale=true")), login.authorize(GET))).toBe("refused");
  });

  test("is sent again with a new nonce if the password was right before", () => {
    const login = newLogin();
    login.judge(asks(digest("a")), undefined);
    login.judge(OK, login.authorize(GET));
    expect(login.judge(asks(digest("b")), login.authorize(GET))).toBe("again");
    expect(login.judge(asks(digest("b")), login.authorize(GET))).toBe("refused");
  });

  test.each([[digest("a", ", algorithm=SHA-512-256")], [digest("a", ", qop=auth-int")], ["Bearer x"]])(
    "says that the method is not supported: %s",
    (challenge) => {
      expect(newLogin().judge(asks(challenge), undefined)).toBe("unsupported");
    },
  );
});

describe("the unencrypted password", () => {
  test("is not sent if the camera also offers Digest, even one that is not supported", () => {
    const login = newLogin();
    expect(login.judge(asks(digest("a", ", algorithm=X"), BASIC), undefined)).toBe("unsupported");
    expect(login.authorize(GET)).toBeUndefined();
  });

  test("is never sent once the camera has asked for Digest", () => {
    const memory = { askedDigest: false };
    newLogin(LOGIN, memory).judge(asks(digest("a")), undefined);
    const later = newLogin(LOGIN, memory);
    expect(later.judge(asks(BASIC), undefined)).toBe("basicAfterDigest");
    expect(later.authorize(GET)).toBeUndefined();
  });

  test("is not sent after a redirect", () => {
    const login = newLogin();
    login.judge(asks(BASIC), undefined);
    login.forbidBasic();
    expect(login.authorize(GET)).toBeUndefined();
    expect(login.judge(asks(BASIC), undefined)).toBe("basicAfterRedirect");
  });
});
