import { describe, expect, test } from "vitest";
import { guardAccess } from "../../../../agent/view/live/access.ts";
import { handClock } from "../../../support/time/hand-clock.ts";

const TOKEN = "0123456789abcdef";
const DAY_MS = 86_400_000;

/** The `Cookie` header that a browser makes of a `Set-Cookie` header. */
function sent(setCookie: string): { cookie: string } {
  return { cookie: `theme=dark; ${setCookie.split(";")[0]}; other=1` };
}

function cookieFor(token: string, clock = handClock()): string {
  const verdict = guardAccess(token, clock).judge(token, "10.0.0.2");
  if (verdict.is !== "right") throw new Error(`expected the token to be right, received ${verdict.is}`);
  return verdict.cookie;
}

describe("access to the live view", () => {
  test("the token buys a cookie that no script reads and no other site sends along", () => {
    const cookie = cookieFor(TOKEN);
    expect(cookie).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
  });

  test("the cookie opens the door for 30 days, also after a restart", async () => {
    const clock = handClock();
    const headers = sent(cookieFor(TOKEN, clock));
    clock.jump(29 * DAY_MS);
    expect(guardAccess(TOKEN, clock).knows(headers)).toBe(true);
    clock.jump(1.1 * DAY_MS);
    expect(guardAccess(TOKEN, clock).knows(headers)).toBe(false);
  });

  test("a cookie is no good with another expiry, another token, or no signature", () => {
    const access = guardAccess(TOKEN, handClock());
    const { cookie } = sent(cookieFor(TOKEN));
    expect(access.knows({ cookie })).toBe(true);
    expect(access.knows({ cookie: cookie.replace(/=(\d+)\./, "=9999999999.") })).toBe(false);
    expect(access.knows({ cookie: cookie.replace(/\.[\w-]+/, "") })).toBe(false);
    expect(access.knows({ cookie: cookie.replace(/\.[\w-]+/, ".") })).toBe(false);
    expect(access.knows(sent(cookieFor("another token, 16")))).toBe(false);
    expect(access.knows({})).toBe(false);
  });

  test("of many cookies with our name only some are looked at: each costs the computing of a signature", () => {
    const access = guardAccess(TOKEN, handClock());
    const { cookie } = sent(cookieFor(TOKEN));
    const wrong = cookie.replace(/\.[\w-]+/, ".wrong");
    expect(access.knows({ cookie: `${wrong}; ${cookie}` })).toBe(true);
    expect(access.knows({ cookie: `${`${wrong}; `.repeat(4)}${cookie}` })).toBe(false);
  });

  test("agents with other tokens use other names, so that tunnels at one address live side by side", () => {
    const name = (cookie: string) => cookie.split("=")[0];
    expect(name(cookieFor(TOKEN))).not.toBe(name(cookieFor("another token, 16")));
  });

  test("the right token is accepted, however many wrong ones came from the same address", () => {
    const access = guardAccess(TOKEN, handClock());
    for (let times = 0; times < 1_000; times++) expect(access.judge("wrong", "10.0.0.2").is).toBe("wrong");
    expect(access.judge(TOKEN, "10.0.0.2").is).toBe("right");
    expect(access.judge(TOKEN, "10.0.0.3").is).toBe("right");
  });

  test("a valid cookie counts behind as many others as a browser sends", () => {
    const access = guardAccess(TOKEN, handClock());
    const others = Array.from({ length: 200 }, (_, index) => `other${index}=1`).join("; ");
    expect(access.knows({ cookie: `${others}; ${sent(cookieFor(TOKEN)).cookie}` })).toBe(true);
  });

  test("a token that only begins like the right one is wrong", () => {
    expect(guardAccess(TOKEN, handClock()).judge(TOKEN.slice(0, -1), "10.0.0.2").is).toBe("wrong");
    expect(guardAccess(TOKEN, handClock()).judge(`${TOKEN}0`, "10.0.0.2").is).toBe("wrong");
    expect(guardAccess(TOKEN, handClock()).judge("", "10.0.0.2").is).toBe("wrong");
  });
});
