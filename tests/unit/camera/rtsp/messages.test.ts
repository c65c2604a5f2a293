import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messageParser } from "../../../../agent/camera/rtsp/messages.ts";
import { RtspProtocolError } from "../../../../agent/camera/rtsp/protocol-errors.ts";
import { interleaved } from "../../../support/camera/scripted-camera.ts";

/** Parses bytes that arrive in these parts. */
function parse(parts: readonly Uint8Array[]): readonly string[] {
  const seen: string[] = [];
  const read = messageParser({
    onFrame: (channel, payload) => seen.push(`${channel}: ${payload.toString("latin1")}`),
    onReply: ({ status, reason, headers, body }) =>
      seen.push(`${status} ${reason} ${[...headers].join(" ")} ${body}`),
    onRequest: ({ method, headers }) => seen.push(`${method} ${[...headers].join(" ")}`),
    onDamage: () => seen.push("damage"),
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

describe("damaged data", () => {
  const packet = (text: string, channel = 0, type = 96) =>
    interleaved(channel, Buffer.concat([Buffer.from([0x80, type]), Buffer.from(text.padEnd(10, "."))]));
  const seenOf = (text: string, channel = 0) => `${channel}: \x80\x60${text.padEnd(10, ".")}`;
  const a = packet("a");
  const b = packet("b");
  const c = packet("c");
  const [A, B, C] = ["a", "b", "c"].map((text) => seenOf(text));

  test.each<[what: string, damaged: readonly Uint8Array[], seen: readonly (string | undefined)[]]>([
    [
      "inserted",
      [a, Buffer.from([0, 0x24, 1, 0x24, 0, 0, 0x24, 0, 0, 40, 0x80, 0x11]), b, c],
      ["damage", B, C],
    ],
    ["inserted text", [a, Buffer.from("damage"), b, c], ["damage", B, C]],
    ["without a line break", [a, Buffer.from("A".repeat(40)), b, c], [A, "damage", B, C]],
    ["removed", [a, packet("lost").subarray(0, 11), b, c], [A, "damage", B, C]],
    ["in a length", [a, Buffer.from([0x24, 0, 0, 20, 0x80, 96]), b, c, c], [A, "damage", B, C, C]],
    ["in a dollar sign", [a, Buffer.concat([Buffer.from([0x81]), b.subarray(1)]), c], ["damage", C]],
    [
      "before a reply",
      [a, Buffer.from([0, 1, 2, 0x52]), Buffer.from("RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"), c],
      ["damage", "200 OK cseq,3 ", C],
    ],
  ])("%s is skipped up to the next frame or reply", (_, damaged, seen) => {
    const bytes = Buffer.concat([a, ...damaged]);
    expect(parse([bytes])).toEqual([A, ...seen]);
    // Byte by byte, the frame before the damage has been passed on already.
    const single = parse([...bytes].map((byte) => Uint8Array.of(byte)));
    expect(single.slice(0, 2)).toEqual([A, A]);
    expect(single.slice(-1)).toEqual(seen.slice(-1));
    expect(single).toContain("damage");
  });

  test("is refused before the first frame: it may be another server's", () => {
    expect(() => parse([Buffer.from(`${REPLY}\x00`), a])).toThrow("sends other data between");
  });

  test("is refused where it does not end", () => {
    const noise = Buffer.alloc(100_000);
    const parts = Array.from({ length: 20 }, () => [noise, b]).flat();
    expect(() => parse([a, b, ...parts])).toThrow("sends other data between");
    const whole = Array.from({ length: 600 }, () => b);
    const rare = Array.from({ length: 20 }, () => [noise, ...whole]).flat();
    expect(parse([a, Buffer.concat(rare)]).length).toBeGreaterThan(20 * 598);
  });
});

describe("lines end", () => {
  test.each([
    ["with CR", "\r"],
    ["with LF", "\n"],
    ["with CR and LF", "\r\n"],
    ["with CR, CR and LF", "\r\r\n"],
  ])("%s, also where the bytes arrive one by one", (_, end) => {
    const reply = REPLY.slice(0, -4).replaceAll("\r\n", end);
    const request = `${end}REDIRECT rtsp://h/ RTSP/1.0${end}CSeq: 2${end}${end}`;
    const all = Buffer.concat([
      Buffer.from(`${reply}v=0\n`),
      interleaved(0, Buffer.from("x")),
      Buffer.from(request),
    ]);
    const seen = ["200 OK cseq,1 content-length,4 v=0\n", "0: x", "REDIRECT cseq,2"];
    expect(parse([all])).toEqual(seen);
    expect(parse([...all].map((byte) => Uint8Array.of(byte)))).toEqual(seen);
  });
});

describe("a server is refused", () => {
  test.each(["<html>", "<!DOCTYPE", "  <h", "HTTP/1", "HTTP/1.1 400 Bad"])(
    "as a web server, also if it sends no whole line: %j",
    (text) => {
      expect(() => parse([Buffer.from(text)])).toThrow("is a web server and does not speak RTSP");
    },
  );

  test.each(["220 mail", "{", "SSH-2.0", "mqtt"])("if it sends no whole line: %j", (text) => {
    expect(() => parse([Buffer.from(text)])).toThrow("does not speak RTSP");
  });

  test("never for the beginning of a message", () => {
    const start = "RTSP/1.0 200 OK";
    for (let length = 0; length <= start.length; length++) {
      expect(parse([Buffer.from(start.slice(0, length))])).toEqual([]);
    }
  });

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
