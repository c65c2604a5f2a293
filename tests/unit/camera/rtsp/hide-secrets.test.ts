import { describe, expect, test } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { secretHider } from "../../../../agent/camera/rtsp/hide-secrets.ts";
import { openSession } from "../../../../agent/camera/rtsp/session.ts";
import {
  describing,
  type ScriptedAnswer,
  startScriptedCamera,
} from "../../../support/camera/scripted-camera.ts";

const hide = secretHider({ user: "admin", password: "hun ter&2ß" });
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("a password is removed from a text of its camera", () => {
  test.each([
    "for admin:hun ter&2ß",
    "for admin:HUN TER&2ß",
    "for admin:hun%20ter%262%C3%9f",
    "for admin:hun+ter%262ß",
    "for admin:hun ter&amp;2&#xdf;",
    "for admin:hun\u0000 ter\u001b&2ß",
  ])("%j", (text) => {
    expect(hide(text)).toBe("for admin:***");
  });

  test("in base64, alone and after the user", () => {
    expect(hide(`Basic ${base64("admin:hun ter&2ß")} bad`)).toMatch(/^Basic \*\*\*=* bad$/);
    expect(hide(`password ${base64("hun ter&2ß")}`)).toMatch(/^password \*\*\*=*$/);
  });

  test("if it is short, only where it stands alone", () => {
    expect(secretHider({ user: "a", password: "re" })("refused a:re, bare")).toBe("refused a:***, bare");
  });

  test("as is the user without a password, which may be a token", () => {
    expect(secretHider({ user: "t0ken-7", password: "" })("no t0ken-7")).toBe("no ***");
  });

  test("and nothing else is", () => {
    expect(hide("401 Unauthorized for admin")).toBe("401 Unauthorized for admin");
    expect(secretHider(undefined)("Not Found")).toBe("Not Found");
    expect(secretHider({ user: "", password: "" })("Not Found")).toBe("Not Found");
  });
});

describe("a camera that repeats the password is quoted without it", () => {
  const ECHO = `admin:hunter2 (${base64("admin:hunter2")})`;
  const track = (encoding: string) => `video 0 RTP/AVP 96\r\na=rtpmap:96 ${encoding}/90000\r\na=control:t`;
  const cases: readonly [what: string, on: string, answer: ScriptedAnswer, shown: string][] = [
    ["a refusal", "DESCRIBE", { status: `400 ${ECHO}` }, "400 admin:***"],
    ["a refusal of its track", "SETUP", { status: `400 ${ECHO}` }, "400 admin:***"],
    ["a refusal to play", "PLAY", { status: `500 ${ECHO}` }, "500 admin:***"],
    ["an unsupported transport", "SETUP", { status: `461 ${ECHO}` }, "461 admin:***"],
    ["another transport", "SETUP", { headers: [`Transport: client_port=1-2;x=${ECHO}`] }, "admin:***"],
    ["a refused login", "DESCRIBE", { status: `401 ${ECHO}` }, "401 admin:***"],
    [
      "an unsupported login",
      "DESCRIBE",
      { status: "401 No", headers: [`WWW-Authenticate: Other realm="${ECHO}"`] },
      "admin:***",
    ],
    ["a redirect", "DESCRIBE", { status: "302 Moved", headers: ["Location: rtsp://h/hunter2"] }, "/***"],
    ["a codec", "DESCRIBE", { body: describing(track("xhunter2")) }, "video is X***"],
    [
      "an audio codec",
      "DESCRIBE",
      { body: describing("audio 0 RTP/AVP 97\r\na=rtpmap:97 hunter2/8000") },
      "only audio (***)",
    ],
  ];

  test.each(cases)("%s", async (_, method, answer, shown) => {
    await using camera = await startScriptedCamera({
      answer: (request) => (request.method === method ? answer : undefined),
    });
    const address = `rtsp://admin:hunter2@127.0.0.1:${camera.port}/cam`;
    const opened = openSession(
      { camera: "door", address, transport: "tcp" },
      { clock: systemClock, signal: AbortSignal.timeout(8_000) },
    );
    const error: Error = await opened.then(
      () => new Error("it plays"),
      (reason) => reason,
    );
    expect(error.message).toContain(shown);
    expect(error.message.toLowerCase()).not.toContain("hunter2");
    expect(error.message).not.toContain(base64("admin:hunter2").slice(0, 12));
  });
});
