import { describe, expect, test } from "vitest";
import { guardAccess } from "../../../../agent/view/live/access.ts";
import { manualClock } from "../../../support/time/manual-clock.ts";

const TOKEN = "0123456789abcdef";
const DAY_MS = 86_400_000;

/** The `Cookie` header that a browser sends after a `Set-Cookie` header. */
function sent(setCookie: string): { cookie: string } {
  return { cookie: `theme=dark; ${setCookie.split(";")[0]}; other=1` };
}

function cookieFor(token: string, clock = manualClock()): string {
  const verdict = guardAccess(token, clock).checkToken(token, "10.0.0.2");
  if (verdict.is !== "right") throw new Error(`expected the token to be right, received ${verdict.is}`);
  return verdict.cookie;
}

describe("access to the live view", () => {
  test("the token is exchanged for a cookie that is hidden from scripts and not sent from other sites", () => {
    const cookie = cookieFor(TOKEN);
    expect(cookie).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
  });

  test("the cookie is valid for 30 days, even after a restart", async () => {
    const clock = manualClock();
    const headers = sent(cookieFor(TOKEN, clock));
    clock.jump(29 * DAY_MS);
    expect(guardAccess(TOKEN, clock).hasValidCookie(headers)).toBe(true);
    clock.jump(1.1 * DAY_MS);
    expect(guardAccess(TOKEN, clock).hasValidCookie(headers)).toBe(false);
  });

  test("a cookie is invalid with another expiry time, another token, or no signature", () => {
    const access = guardAccess(TOKEN, manualClock());
    const { cookie } = sent(cookieFor(TOKEN));
    expect(access.hasValidCookie({ cookie })).toBe(true);
    expect(access.hasValidCookie({ cookie: cookie.replace(/=(\d+)\./, "=9999999999.") })).toBe(false);
    expect(access.hasValidCookie({ cookie: cookie.replace(/\.[\w-]+/, "") })).toBe(false);
    expect(access.hasValidCookie({ cookie: cookie.replace(/\.[\w-]+/, ".") })).toBe(false);
    expect(access.hasValidCookie(sent(cookieFor("another token, 16")))).toBe(false);
    expect(access.hasValidCookie({})).toBe(false);
  });

  test("at most sixteen cookies with our name are checked, since each check computes a signature", () => {
    const access = guardAccess(TOKEN, manualClock());
    const { cookie } = sent(cookieFor(TOKEN));
    const wrong = cookie.replace(/\.[\w-]+/, ".wrong");
    expect(access.hasValidCookie({ cookie: `${`${wrong}; `.repeat(15)}${cookie}` })).toBe(true);
    expect(access.hasValidCookie({ cookie: `${`${wrong}; `.repeat(16)}${cookie}` })).toBe(false);
  });

  test("agents with different tokens use different cookie names, so that tunnels at one address work in parallel", () => {
    const name = (cookie: string) => cookie.split("=")[0];
    expect(name(cookieFor(TOKEN))).not.toBe(name(cookieFor("another token, 16")));
  });

  test("the right token is accepted after any number of wrong ones from the same address", () => {
    const access = guardAccess(TOKEN, manualClock());
    for (let times = 0; times < 1_000; times++)
      expect(access.checkToken("wrong", "10.0.0.2").is).toBe("wrong");
    expect(access.checkToken(TOKEN, "10.0.0.2").is).toBe("right");
    expect(access.checkToken(TOKEN, "10.0.0.3").is).toBe("right");
  });

  test("a valid cookie is found after many other cookies", () => {
    const access = guardAccess(TOKEN, manualClock());
    const others = Array.from({ length: 200 }, (_, index) => `other${index}=1`).join("; ");
    expect(access.hasValidCookie({ cookie: `${others}; ${sent(cookieFor(TOKEN)).cookie}` })).toBe(true);
  });

  test("a prefix of the right token, or the right token with a suffix, is wrong", () => {
    expect(guardAccess(TOKEN, manualClock()).checkToken(TOKEN.slice(0, -1), "10.0.0.2").is).toBe("wrong");
    expect(guardAccess(TOKEN, manualClock()).checkToken(`${TOKEN}0`, "10.0.0.2").is).toBe("wrong");
    expect(guardAccess(TOKEN, manualClock()).checkToken("", "10.0.0.2").is).toBe("wrong");
  });
});
