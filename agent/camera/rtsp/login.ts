import { createHash, randomBytes } from "node:crypto";
import type { Login } from "../../base/address.ts";

/** The parts of a request that a Digest login signs. */
export interface RtspRequest {
  readonly method: string;
  readonly uri: string;
}

/** Decodes `user:password` of an address. A percent sign that does not start an escape is kept. */
export function decodeLogin(login: string): Login {
  const colon = login.indexOf(":");
  const [user, password] = colon < 0 ? [login, ""] : [login.slice(0, colon), login.slice(colon + 1)];
  return { user: decoded(user), password: decoded(password) };
}

/** Escapes are UTF-8 bytes, possibly invalid. */
function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

const HASHES = { md5: "md5", "sha-256": "sha256" } as const;

/**
 * Makes the Authorization header for a challenge. Prefers Digest (RFC 7616, or RFC 2617 without qop) to Basic.
 * @param challenges the WWW-Authenticate headers of a 401 reply
 * @returns undefined if no challenge is supported
 */
export function authorize(
  challenges: readonly string[],
  login: Login,
  request: RtspRequest,
): string | undefined {
  const digests = challenges.filter((challenge) => /^digest\s/i.test(challenge)).map(parametersOf);
  for (const { realm = "", nonce, opaque, qop, algorithm = "MD5" } of digests) {
    const hash = Object.entries(HASHES).find(([name]) => name === algorithm.toLowerCase())?.[1];
    const isAuthOffered = qop === undefined || qop.split(/\s*,\s*/).includes("auth");
    if (hash === undefined || nonce === undefined || !isAuthOffered) continue;
    const h = (text: string) => createHash(hash).update(text).digest("hex");
    const secret = h(`${login.user}:${realm}:${login.password}`);
    const what = h(`${request.method}:${request.uri}`);
    const cnonce = randomBytes(8).toString("hex");
    const response =
      qop === undefined
        ? h(`${secret}:${nonce}:${what}`)
        : h(`${secret}:${nonce}:00000001:${cnonce}:auth:${what}`);
    const fields = [
      ...[`username=${quoted(login.user)}`, `realm=${quoted(realm)}`, `nonce=${quoted(nonce)}`],
      ...[`uri=${quoted(request.uri)}`, `response="${response}"`, `algorithm=${algorithm}`],
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(qop === undefined ? [] : ["qop=auth", "nc=00000001", `cnonce="${cnonce}"`]),
    ];
    return `Digest ${fields.join(", ")}`;
  }
  if (!challenges.some((challenge) => /^basic(\s|$)/i.test(challenge))) return undefined;
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
}

/** `Digest realm="cam", nonce="…", qop="auth"` → an object. */
function parametersOf(challenge: string): Readonly<Record<string, string | undefined>> {
  const pairs = challenge.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi);
  return Object.fromEntries(
    [...pairs].map(([, name = "", text, token]) => [name.toLowerCase(), text ?? token]),
  );
}

/** Backslashes of a challenge are hashed and returned unchanged, as ffmpeg does. */
function quoted(text: string): string {
  return `"${text}"`;
}
