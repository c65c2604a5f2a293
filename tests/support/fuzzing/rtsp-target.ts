import { ConfigError } from "../../../agent/base/errors.ts";
import { parseRtspAddress } from "../../../agent/camera/rtsp/address.ts";
import { chooseVideo } from "../../../agent/camera/rtsp/choose-video.ts";
import { controlBase, resolveControl } from "../../../agent/camera/rtsp/control-url.ts";
import { readDescription } from "../../../agent/camera/rtsp/description.ts";
import { messageParser } from "../../../agent/camera/rtsp/messages.ts";
import { RtspProtocolError } from "../../../agent/camera/rtsp/protocol-errors.ts";
import { describing, H264_TRACK, interleaved } from "../camera/scripted-camera.ts";
import { mutatedBytes } from "./mutate-bytes.ts";
import type { FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = wordsOf(
  ...[
    "RTSP/1.0 200 OK\r\n",
    "CSeq: 1\r\n",
    "Content-Length: 9\r\n",
    "\r\n\r\n",
    "$\u0000\u0000\u0009",
    "HTTP/1.1 ",
  ],
  ...[
    "m=video 0 RTP/AVP 96\r\n",
    "a=control:",
    "a=fmtp:96 ",
    "rtsp://evil.example/",
    "__proto__",
    "*",
    "?",
    "/",
  ],
  ...[
    "a=x-dimensions:99999,99999\r\n",
    "a=rtpmap:96 H265/90000\r\n",
    "sprop-sps=",
    ";",
    "=",
    "\u0000",
    "\u202e",
  ],
);

/** What a camera answers to DESCRIBE: mutants of a reply with a description, in pieces. */
export function rtspTarget(): FuzzTarget {
  const camera = parseRtspAddress("rtsp://admin:password@10.0.0.7/cam?channel=1");
  if (camera === undefined) throw new Error("an invalid address");
  const body = describing(H264_TRACK, "audio 0 RTP/AVP 8\r\na=control:track2");
  const headers = `CSeq: 2\r\nContent-Base: rtsp://10.0.0.7/cam/\r\nContent-Length: ${body.length}`;
  const reply = Buffer.from(`RTSP/1.0 200 OK\r\n${headers}\r\n\r\n${body}`);
  const honest = Buffer.concat([interleaved(0, Buffer.alloc(9)), reply]);
  return {
    make: (random) => ({ bytes: mutatedBytes(honest, random, WORDS), cut: random() }),
    feed(mutant) {
      const { bytes, cut } = mutant as { readonly bytes: Uint8Array; readonly cut: number };
      const replies: { readonly base: string | undefined; readonly body: string }[] = [];
      const read = messageParser({
        onFrame: () => {},
        onReply: ({ headers: named, body: text }) =>
          replies.push({ base: named.get("content-base")?.[0], body: text }),
        onRequest: () => {},
        onDamage: () => {},
      });
      try {
        const middle = Math.floor(cut * bytes.length);
        const consumed = read(Buffer.from(bytes.subarray(0, middle)));
        read(Buffer.from(bytes.subarray(consumed)));
        for (const { base, body: text } of replies) {
          const { track } = chooseVideo("door", readDescription(text), undefined);
          const uri = resolveControl(camera, controlBase(camera, base), track.control);
          if (!/^rtsp:\/\/10\.0\.0\.7:554(?![^/?#])[\x21-\x7e]*$/.test(uri))
            throw new Error(`elsewhere: ${uri}`);
        }
        return replies.length > 0;
      } catch (error) {
        if (error instanceof RtspProtocolError || error instanceof ConfigError) return false;
        throw error;
      }
    },
  };
}
