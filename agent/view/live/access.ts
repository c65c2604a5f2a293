import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { countAttempts } from "./attempts.ts";

/** What became of a token that somebody showed. */
export type Verdict =
  | { readonly is: "right" /** A `Set-Cookie` header. */; readonly cookie: string }
  | { readonly is: "wrong" }
  /** Too many wrong ones: this one was not even looked at. */
  | { readonly is: "ignored"; readonly waitSeconds: number };

/** Who may look. */
export interface Access {
  /** Judges a token that came from an address. */
  judge(token: string, address: string): Verdict;
  /** Whether a request carries a cookie that was given for the right token. */
  knows(headers: IncomingHttpHeaders): boolean;
  /** The `Set-Cookie` header that makes a browser forget. */
  readonly farewell: string;
}

const COOKIE_SECONDS = 30 * 86_400;
/** Not readable by scripts, not sent along from other sites (RFC 6265bis, section 5.6.7). */
const COOKIE_RULES = "Path=/; HttpOnly; SameSite=Strict";

/**
 * Lets in whoever shows the token, and for 30 days whoever has the cookie that is given for it. The cookie is its own
 * expiry time, signed with the token (HMAC-SHA256): nothing is stored, and another token makes all of them void.
 */
export function guardAccess(token: string, clock: Clock): Access {
  const attempts = countAttempts(clock);
  const expected = digest(token);
  // Cookies know no ports: agents behind tunnels at one address must not take each other's away.
  const name = `sabrewing-${digest(`name of ${token}`).toString("hex").slice(0, 8)}`;
  const sign = (until: string) =>
    createHmac("sha256", token).update(`sabrewing view until ${until}`).digest("base64url");

  return {
    judge(shown, address) {
      const waitSeconds = attempts.waitSeconds(address);
      if (waitSeconds > 0) return { is: "ignored", waitSeconds };
      if (!timingSafeEqual(digest(shown), expected)) {
        attempts.failed(address);
        return { is: "wrong" };
      }
      const until = String(Math.floor(clock.nowMs() / 1000) + COOKIE_SECONDS);
      const value = `${until}.${sign(until)}`;
      return { is: "right", cookie: `${name}=${value}; Max-Age=${COOKIE_SECONDS}; ${COOKIE_RULES}` };
    },
    knows({ cookie = "" }) {
      return cookie.split("; ").some((pair) => {
        if (!pair.startsWith(`${name}=`)) return false;
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

/**
 * Whether a WebSocket is asked for by our own page. Browsers connect wherever a page of any site wants them to, and say
 * whose page it was (RFC 6455, section 10.2).
 */
export function isOwnPage({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  // A default port is left out of an origin, but a proxy may add it to the host.
  const standard = protocol === "https:" ? ":443" : ":80";
  return from === host.toLowerCase() || `${from}${standard}` === host.toLowerCase();
}
