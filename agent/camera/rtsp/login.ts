import { createHash, randomBytes } from "node:crypto";
import type { Login } from "../../base/address.ts";
import { secretHider } from "./hide-secrets.ts";
import type { RtspReply } from "./messages.ts";

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

/**
 * Why a login fails. `missing`: the address has none. `refused`: wrong user or password. `unsupported`: the camera asks for
 * a method that the agent does not know. `basicAfterDigest`, `basicAfterRedirect`: the camera asks for the unencrypted
 * password, and a server in between could have made it do so.
 */
export type LoginProblem = "missing" | "refused" | "unsupported" | "basicAfterDigest" | "basicAfterRedirect";

/** The state that is kept of a camera's logins across connections. */
export interface LoginMemory {
  /** Whether the camera has ever asked for Digest: it is never sent the unencrypted password again. */
  askedDigest: boolean;
}

/** The login to a camera for one attempt to open its stream. Sends a password once until the camera accepts it. */
export interface CameraLogin {
  /** The method that the camera has asked for. */
  method(): "none" | "basic" | "digest";
  /** From now on, the unencrypted password is not sent. */
  forbidBasic(): void;
  /** @returns the Authorization header; undefined until the camera asks for one */
  authorize(request: RtspRequest): string | undefined;
  /**
   * Takes the reply to a request.
   * @param authorization sent with the request
   * @returns `again`: send the request once more, with a new Authorization; undefined: the login does not matter
   */
  judge(reply: RtspReply, authorization: string | undefined): LoginProblem | "again" | undefined;
  /** Removes the password from a text of the camera that is shown. */
  hide(text: string): string;
}

/** @param login undefined: the address has no user */
export function createLogin(login: Login | undefined, memory: LoginMemory): CameraLogin {
  let challenge: Digest | "basic" | undefined;
  let isAccepted = false;
  let isBasicForbidden = false;

  function choose(stated: readonly string[]): LoginProblem | undefined {
    const challenges = stated.flatMap(splitChallenges);
    const digests = challenges.filter((text) => /^digest(\s|$)/i.test(text));
    if (digests.length > 0) memory.askedDigest = true;
    if (login === undefined) return "missing";
    if (digests.length > 0) {
      const chosen = preferredDigest(digests);
      if (chosen === undefined) return "unsupported";
      challenge = chosen;
      return undefined;
    }
    if (!challenges.some((text) => /^basic(\s|$)/i.test(text))) {
      return challenges.length === 0 ? "refused" : "unsupported";
    }
    if (memory.askedDigest) return "basicAfterDigest";
    if (isBasicForbidden) return "basicAfterRedirect";
    challenge = "basic";
    return undefined;
  }

  return {
    hide: secretHider(login),
    method() {
      if (challenge === undefined) return "none";
      return challenge === "basic" ? "basic" : "digest";
    },
    forbidBasic() {
      isBasicForbidden = true;
      if (challenge === "basic") challenge = undefined;
    },
    authorize(request) {
      if (login === undefined || challenge === undefined) return undefined;
      if (challenge !== "basic") return answerDigest(challenge, login, request);
      return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
    },
    judge({ status, headers }, authorization) {
      if (status !== 401) {
        if (authorization !== undefined) isAccepted = true;
        const next = parametersOf(headers.get("authentication-info")?.[0] ?? "").nextnonce;
        if (next !== undefined && challenge !== undefined && challenge !== "basic") {
          challenge = { ...challenge, nonce: next, count: 0 };
        }
        return undefined;
      }
      const before = challenge;
      const problem = choose(headers.get("www-authenticate") ?? []);
      if (problem !== undefined || authorization === undefined) return problem ?? "again";
      if (before === "basic" || challenge === "basic") return "refused";
      const isNew = before?.nonce !== challenge?.nonce;
      // Without `stale`, the nonce can have expired only if the password was right before.
      return isNew && (challenge?.isStale === true || isAccepted) ? "again" : "refused";
    },
  };
}

/** A challenge to log in by Digest: RFC 7616, or RFC 2617 without qop. */
interface Digest {
  readonly hash: "md5" | "sha256";
  /** As the camera writes it; undefined: MD5. */
  readonly algorithm: string | undefined;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly qop: string | undefined;
  readonly isStale: boolean;
  /** Number of requests that were signed with this nonce. */
  count: number;
}

/** The best first. */
const HASHES = [
  ["sha-256", "sha256"],
  ["md5", "md5"],
] as const;

function preferredDigest(challenges: readonly string[]): Digest | undefined {
  const all = challenges.map(parametersOf);
  for (const [name, hash] of HASHES) {
    for (const { realm = "", nonce, opaque, qop, stale, algorithm } of all) {
      const isAuthOffered = qop === undefined || qop.split(/\s*,\s*/).includes("auth");
      if ((algorithm ?? "md5").toLowerCase() !== name || nonce === undefined || !isAuthOffered) continue;
      const isStale = stale?.toLowerCase() === "true";
      return { hash, algorithm, realm, nonce, opaque, qop, isStale, count: 0 };
    }
  }
  return undefined;
}

function answerDigest(digest: Digest, login: Login, request: RtspRequest): string {
  const { hash, algorithm, realm, nonce, opaque, qop } = digest;
  digest.count++;
  const h = (text: string) => createHash(hash).update(text).digest("hex");
  const secret = h(`${login.user}:${realm}:${login.password}`);
  const what = h(`${request.method}:${request.uri}`);
  const cnonce = randomBytes(8).toString("hex");
  const count = digest.count.toString(16).padStart(8, "0");
  const signed = qop === undefined ? nonce : `${nonce}:${count}:${cnonce}:auth`;
  const fields = [
    ...[`username=${quoted(login.user)}`, `realm=${quoted(realm)}`, `nonce=${quoted(nonce)}`],
    ...[`uri=${quoted(request.uri)}`, `response="${h(`${secret}:${signed}:${what}`)}"`],
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(qop === undefined ? [] : ["qop=auth", `nc=${count}`, `cnonce="${cnonce}"`]),
  ];
  return `Digest ${fields.join(", ")}`;
}

const LONGEST_HEADER = 4000;
/** The beginning of a challenge: its scheme, alone or before its first parameter. */
const SCHEME = /^\s*(?:(?:basic|digest)\s*$|[\w-]+\s+[\w-]+\s*=)/i;

/** A header may contain several challenges, separated by commas like their parameters (RFC 7235, 4.1). */
function splitChallenges(header: string): readonly string[] {
  const challenges: string[] = [];
  for (const [part] of header.slice(0, LONGEST_HEADER).matchAll(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g)) {
    const last = challenges.pop();
    if (last === undefined) challenges.push(part.trim());
    else challenges.push(...(SCHEME.test(part) ? [last, part.trim()] : [`${last},${part}`]));
  }
  return challenges;
}

/** `Digest realm="cam", nonce="…", qop="auth"` → an object. */
function parametersOf(challenge: string): Readonly<Record<string, string | undefined>> {
  const pairs = challenge
    .slice(0, LONGEST_HEADER)
    .matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi);
  return Object.fromEntries(
    [...pairs].map(([, name = "", text, token]) => [name.toLowerCase(), text ?? token]),
  );
}

/** Backslashes of a challenge are hashed and returned unchanged, as ffmpeg does. */
function quoted(text: string): string {
  return `"${text}"`;
}
