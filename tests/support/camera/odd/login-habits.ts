import { createHash } from "node:crypto";
import type { Habit } from "./odd-proxy.ts";
import { header, methodOf, type RtspMessage, replyTo } from "./rtsp-message.ts";

export const USER = "admin";
export const PASSWORD = "secret";

/** What a camera asks for (RFC 7616; RFC 2617 without `qop`). */
export interface DigestRule {
  readonly algorithm?: "MD5" | "SHA-256";
  readonly qop?: string;
  /** Requests after which a nonce is stale. Default: never. */
  readonly nonceServes?: number;
  /** Challenges besides this one, sent first. */
  readonly alsoOffers?: readonly string[];
}

/** A camera that lets in only clients that answer its challenge. */
export function digestLogin(rule: DigestRule): Pick<Habit, "onRequest"> {
  const { algorithm = "MD5", qop, nonceServes = Number.POSITIVE_INFINITY, alsoOffers = [] } = rule;
  let nonces = 0;
  let served = 0;
  const nonce = () => `nonce${nonces}`;
  const hash = (text: string) =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text)
      .digest("hex");

  const isRight = (request: RtspMessage): boolean => {
    const given = parametersOf(header(request, "Authorization") ?? "");
    const secret = hash(`${USER}:camera:${PASSWORD}`);
    const what = hash(`${methodOf(request)}:${given.uri}`);
    const middle = qop === undefined ? nonce() : `${nonce()}:${given.nc}:${given.cnonce}:${given.qop}`;
    const isAnswered = given.response === hash(`${secret}:${middle}:${what}`);
    return isAnswered && given.username === USER && (qop === undefined || given.qop === "auth");
  };
  const challenge = (isStale: boolean): string =>
    [
      `Digest realm="camera", nonce="${nonce()}"`,
      ...(algorithm === "MD5" ? [] : [`algorithm=${algorithm}`]),
      ...(qop === undefined ? [] : [`qop="${qop}"`]),
      ...(isStale ? ["stale=true"] : []),
    ].join(", ");

  return {
    onRequest: (request) => {
      if (methodOf(request) === "OPTIONS") return request;
      const isKnown = isRight(request);
      if (isKnown && ++served <= nonceServes) return request;
      if (isKnown) {
        nonces++;
        served = 0;
      }
      const offers = [...alsoOffers, challenge(isKnown)];
      return replyTo(
        request,
        "401 Unauthorized",
        offers.map((offer) => ["WWW-Authenticate", offer] as const),
      );
    },
  };
}

/** Answers every request, except OPTIONS, with 401 and these challenges. */
export function refusesEveryLogin(...challenges: readonly string[]): Pick<Habit, "onRequest"> {
  const headers = challenges.map((challenge) => ["WWW-Authenticate", challenge] as const);
  return {
    onRequest: (request) =>
      methodOf(request) === "OPTIONS" ? request : replyTo(request, "401 Unauthorized", headers),
  };
}

/** The address with a login. */
export function as(address: string, user: string, password: string): string {
  return address.replace("://", `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);
}

function parametersOf(authorization: string): Readonly<Record<string, string | undefined>> {
  const pairs = authorization.matchAll(/([a-z]+)=(?:"([^"]*)"|([^\s,]+))/gi);
  return Object.fromEntries([...pairs].map(([, name = "", quoted, bare]) => [name, quoted ?? bare]));
}
