import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messageParser, RtspProtocolError } from "../../../../agent/camera/rtsp/messages.ts";
import { interleaved } from "../../../support/camera/scripted-camera.ts";

/** Parses bytes that arrive in these parts. */
function parse(parts: readonly Uint8Array[]): readonly string[] {
  const seen: string[] = [];
  const read = messageParser({
    onFrame: (channel, payload) => seen.push(`${channel}: ${payload.toString("latin1")}`),
    onReply: ({ status, reason, headers, body }) =>
      seen.push(`${status} ${reason} ${[...headers].join(" ")} ${body}`),
    onRequest: ({ method, headers }) => seen.push(`${method} ${[...headers].join(" ")}`),
  });
  let held: Buffer = Buffer.alloc(0);
  for (const part of parts) {
    held = Buffer.concat([held, part]);
    held = held.subarray(read(held));
  }
  return seen;
}

const REPLY = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nv=0\n";

describe("a connection's bytes", () => {
  const bytes = Buffer.concat([
    Buffer.from(REPLY),
    interleaved(0, Buffer.from("RTSP/1.0 $")),
    interleaved(1, Buffer.from("")),
    Buffer.from("\r\nREDIRECT rtsp://h/ RTSP/1.0\r\nCSeq: 2\r\nLocation: rtsp://h/x\r\n\r\n"),
    Buffer.from("RTSP/1.0 404 Not Found\nCSeq:3\n\n"),
  ]);
  const messages = [
    "200 OK cseq,1 content-length,4 v=0\n",
    "0: RTSP/1.0 $",
    "1: ",
    "REDIRECT cseq,2 location,rtsp://h/x",
    "404 Not Found cseq,3 ",
  ];

  test("are split into replies, requests and frames", () => {
    expect(parse([bytes])).toEqual(messages);
  });

  test("are split alike however they arrive", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        expect(parse(at.slice(1).map((end, index) => bytes.subarray(at[index], end)))).toEqual(messages);
      }),
    );
  });

  test("may have frames between the lines of a header and before a body", () => {
    const frame = interleaved(2, Buffer.from("x")).toString("latin1");
    const text = REPLY.replaceAll("\r\n", `\r\n${frame}`);
    expect(parse([Buffer.from(text, "latin1")])).toEqual([
      ...Array.from({ length: 4 }, () => "2: x"),
      "200 OK cseq,1 content-length,4 v=0\n",
    ]);
  });

  test("deliver a reply at once, also before a part of a frame", () => {
    const frame = interleaved(0, Buffer.from("the rest comes later"));
    const reply = Buffer.from("RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n");
    expect(parse([Buffer.concat([reply, frame.subarray(0, 9)])])).toEqual(["200 OK cseq,4 "]);
  });

  test.each(["\x00\x00", "\x15\x03\x01", "garbage\r\n"])(
    "are told apart from those of no RTSP server: %j",
    (text) => {
      expect(() => parse([Buffer.from(REPLY + text)])).toThrow(
        "the camera sends other data between its messages and packets",
      );
    },
  );

  test("are read as messages or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array(), fc.constant(bytes.subarray(0, 80)))), (parts) => {
        try {
          parse(parts);
        } catch (error) {
          expect(error).toBeInstanceOf(RtspProtocolError);
        }
      }),
    );
  });
});

describe("a server is refused", () => {
  test.each([
    ["HTTP/1.1 400 Bad Request\r\n", "is a web server"],
    ["\x15\x03\x01\x00\x02\x02\x0a", "expects TLS"],
    ["\x00\x00", "does not speak RTSP"],
    ["220 mail.example ESMTP\r\n", "does not speak RTSP"],
    ["RTSP/1.0 200 OK\r\nContent-Length: 262145\r\n\r\n", "description of more than 256 kB"],
    ["RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "description of more than 256 kB"],
    [`RTSP/1.0 200 OK\r\nX: ${"a".repeat(16_400)}`, "header of more than 16 kB"],
    [`RTSP/1.0 200 OK\r\n${"X: a\r\n".repeat(2_800)}`, "header of more than 16 kB"],
  ])("if it sends %j", (text, message) => {
    expect(() => parse([Buffer.from(text, "latin1")])).toThrow(message);
  });
});
