import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../base/temporary-folder.ts";

/** Debian's own Python: its bindings to GStreamer work with no other. */
const PYTHON = "/usr/bin/python3";
/** Writes each packet after its length in two bytes (RFC 4571). GStreamer's own element for that loses bytes. */
const RUN = `
import sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp
Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1] + " ! appsink name=out sync=false")
sink = pipeline.get_by_name("out")
pipeline.set_state(Gst.State.PLAYING)
while True:
    sample = sink.emit("pull-sample")
    if sample is None:
        break
    buffer = sample.get_buffer()
    packet = buffer.extract_dup(0, buffer.get_size())
    sys.stdout.buffer.write(len(packet).to_bytes(2, "big") + packet)
pipeline.set_state(Gst.State.NULL)
`;

/** The RTP packets that GStreamer makes of a stream. @param elements the parser and the payloader, as for gst-launch */
export async function gstreamerPackets(stream: Uint8Array, elements: string): Promise<Uint8Array[]> {
  await using folder = await temporaryFolder();
  const source = join(folder.path, "stream");
  writeFileSync(source, stream);
  return gstreamerBuffers(`filesrc location=${source} ! ${elements}`);
}

/** The buffers at the end of a pipeline, each smaller than 64 kB. */
export function gstreamerBuffers(pipeline: string): Uint8Array[] {
  const bytes = execFileSync(PYTHON, ["-c", RUN, pipeline], {
    maxBuffer: 100e6,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at);
    packets.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return packets;
}
