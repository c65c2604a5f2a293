import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { countAttempts, type WrongAnswer } from "./attempts.ts";

/** What a token turned out to be. */
export type Verdict =
  | { readonly is: "right" /** A `Set-Cookie` header. */; readonly cookie: string }
  | ({ readonly is: "wrong" } & WrongAnswer);

/** Decides who may look. */
export interface Access {
  /** Judges a token that came from an address. The right one is accepted, whatever else came from there. */
  judge(token: string, address: string): Verdict;
  /** Whether a request carries a cookie that was given for the right token. */
  knows(headers: IncomingHttpHeaders): boolean;
  /** The `Set-Cookie` header that makes a browser forget. */
  readonly farewell: string;
}

const COOKIE_SECONDS = 30 * 86_400;
/** Not readable by scripts, not sent along from other sites (RFC 6265bis, section 5.6.7). */
const COOKIE_RULES = "Path=/; HttpOnly; SameSite=Strict";

/** Of cookies with our name in one request: a browser sends one, and each costs the computing of a signature. */
const MOST_COOKIES = 4;

/**
 * Accepts the token, and for 30 days the cookie that is given for it. The cookie is its own expiry time, signed with the
 * token (HMAC-SHA256): nothing is stored, and another token makes all of them void.
 */
export function guardAccess(token: string, clock: Clock): Access {
  const countWrong = countAttempts(clock);
  const expected = digest(token);
  // Cookies know no ports: agents behind tunnels at one address must not take each other's away.
  const name = `sabrewing-${digest(`name of ${token}`).toString("hex").slice(0, 8)}`;
  const sign = (until: string) =>
    createHmac("sha256", token).update(`sabrewing view until ${until}`).digest("base64url");

  return {
    judge(shown, address) {
      if (!timingSafeEqual(digest(shown), expected)) return { is: "wrong", ...countWrong(address) };
      const until = String(Math.floor(clock.nowMs() / 1000) + COOKIE_SECONDS);
      const value = `${until}.${sign(until)}`;
      return { is: "right", cookie: `${name}=${value}; Max-Age=${COOKIE_SECONDS}; ${COOKIE_RULES}` };
    },
    knows({ cookie = "" }) {
      const ours = cookie.split("; ").filter((pair) => pair.startsWith(`${name}=`));
      return ours.slice(0, MOST_COOKIES).some((pair) => {
        const [until = "", signature = ""] = pair.slice(name.length + 1).split(".");
        const isGenuine = timingSafeEqual(digest(signature), digest(sign(until)));
        return isGenuine && Number(until) * 1000 > clock.nowMs();
      });
    },
    farewell: `${name}=; Max-Age=0; ${COOKIE_RULES}`,
  };
}

/** SHA-256: two texts of any length can be compared in constant time by it. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
