import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { countAttempts, type WrongAnswer } from "./attempts.ts";

/** The result of checking a token. */
export type Verdict =
  | { readonly is: "right" /** A `Set-Cookie` header. */; readonly cookie: string }
  | ({ readonly is: "wrong" } & WrongAnswer);

/** Controls access to the live view. */
export interface Access {
  /** Checks a token from an address. The right token is always accepted, even after wrong ones from the same address. */
  checkToken(token: string, address: string): Verdict;
  /** Whether a request has a cookie that was issued for the right token. */
  hasValidCookie(headers: IncomingHttpHeaders): boolean;
  /** The `Set-Cookie` header that makes a browser remove the cookie. */
  readonly expiredCookie: string;
}

const COOKIE_SECONDS = 30 * 86_400;
/** Hidden from scripts, and not sent with requests from other sites (RFC 6265bis, section 5.6.7). */
const COOKIE_RULES = "Path=/; HttpOnly; SameSite=Strict";

/**
 * Cookies with our name that are checked per request; each check computes a signature. A browser sends one, and those that
 * another server on the same host has set for other paths.
 */
const MOST_COOKIES = 16;

/**
 * Accepts the token, and for 30 days the cookie that is issued for it. The cookie contains its expiry time, signed with the
 * token (HMAC-SHA256): nothing is stored, and a new token invalidates all cookies.
 */
export function guardAccess(token: string, clock: Clock): Access {
  const countWrong = countAttempts(clock);
  const expected = digest(token);
  // Cookies ignore ports: agents behind tunnels at the same address must not overwrite each other's cookies.
  const name = `sabrewing-${digest(`name of ${token}`).toString("hex").slice(0, 8)}`;
  const sign = (until: string) =>
    createHmac("sha256", token).update(`sabrewing view until ${until}`).digest("base64url");

  return {
    checkToken(received, address) {
      if (!timingSafeEqual(digest(received), expected)) return { is: "wrong", ...countWrong(address) };
      const until = String(Math.floor(clock.nowMs() / 1000) + COOKIE_SECONDS);
      const value = `${until}.${sign(until)}`;
      return { is: "right", cookie: `${name}=${value}; Max-Age=${COOKIE_SECONDS}; ${COOKIE_RULES}` };
    },
    hasValidCookie({ cookie = "" }) {
      const ours = cookie.split("; ").filter((pair) => pair.startsWith(`${name}=`));
      return ours.slice(0, MOST_COOKIES).some((pair) => {
        const [until = "", signature = ""] = pair.slice(name.length + 1).split(".");
        const isGenuine = timingSafeEqual(digest(signature), digest(sign(until)));
        return isGenuine && Number(until) * 1000 > clock.nowMs();
      });
    },
    expiredCookie: `${name}=; Max-Age=0; ${COOKIE_RULES}`,
  };
}

/** SHA-256, so that texts of any length can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
