#!/usr/bin/python3
"""Serves a recorded clip as an RTSP camera: H.264 or H.265 from an MP4, in real time, in an endless loop.

Prints one line, `listening PORT`, when clients may connect. The loop is seamless: timestamps continue, and clients never
see an end of stream. All clients share one stream, as with a real camera. The stream starts with the first client.

Debian: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{base,good,bad}
"""

import argparse
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtsp, GstRtspServer  # noqa: E402, F401 (GstApp adds methods to elements)

# An MP4 may hold its parameter sets only in the header; config-interval=-1 repeats them before every key frame.
READ = (
    "filesrc name=file ! qtdemux ! {codec}parse config-interval=-1"
    " ! video/x-{codec},stream-format=byte-stream,alignment=au ! appsink name=out sync=false max-buffers=64"
)
# The sinks after the payloader run in real time; appsrc delivers as much as they take.
SERVE = (
    "( appsrc name=in format=time max-bytes=500000 ! {codec}parse"
    " ! rtp{codec}pay name=pay0 pt=96 config-interval=1 )"
)


def read_clip(path, codec):
    """Every access unit of the file in decoding order: (caps, [(bytes, pts, dts, is_delta)], duration)."""
    pipeline = Gst.parse_launch(READ.format(codec=codec))
    pipeline.get_by_name("file").set_property("location", path)
    sink = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    units, caps, end, failure = [], None, 0, None
    while not sink.get_property("eos") and failure is None:
        # A file that is unreadable or has no such video never reaches its end: poll for errors instead of blocking.
        sample = sink.emit("try-pull-sample", Gst.SECOND // 10)
        if sample is None:
            failure = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
            continue
        caps = sample.get_caps()
        buffer = sample.get_buffer()
        segment = sample.get_segment()
        pts = segment.to_running_time(Gst.Format.TIME, buffer.pts)
        # Edit lists shift presentation times, so decoding may start before zero: use the same origin for both.
        dts = max(0, pts - (buffer.pts - buffer.dts)) if buffer.dts != Gst.CLOCK_TIME_NONE else pts
        end = max(end, pts + buffer.duration)
        is_delta = bool(buffer.get_flags() & Gst.BufferFlags.DELTA_UNIT)
        units.append((buffer.extract_dup(0, buffer.get_size()), pts, dts, is_delta))
    pipeline.set_state(Gst.State.NULL)
    if failure is not None:
        sys.exit(f"rtsp-server: {path}: {failure.parse_error()[0].message}")
    if not units:
        sys.exit(f"rtsp-server: {path} has no {codec} video")
    return caps, units, end


def first_unit(units, start):
    """Index of the first key frame at or after this time; 0 when there is none."""
    return next((index for index, (_, pts, _, is_delta) in enumerate(units) if pts >= start and not is_delta), 0)


class LoopFactory(GstRtspServer.RTSPMediaFactory):
    """Makes the one stream that all clients share."""

    def __init__(self, clip, codec, start):
        super().__init__()
        self.caps, self.units, self.duration = clip
        self.first = first_unit(self.units, start * Gst.SECOND % self.duration)
        self.set_launch(SERVE.format(codec=codec))
        self.set_shared(True)

    def do_configure(self, media):
        # The base class makes the media shared: without it each client would get the clip from its start.
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)
        source = media.get_element().get_by_name_recurse_up("in")
        source.set_property("caps", self.caps)
        position = {"unit": self.first, "round": 0}
        # Timestamps begin at zero, even when the stream starts later in the clip.
        origin = self.units[self.first][2]

        def push(element, _bytes):
            content, pts, dts, is_delta = self.units[position["unit"]]
            offset = position["round"] * self.duration - origin
            buffer = Gst.Buffer.new_wrapped(content)
            buffer.pts = pts + offset
            buffer.dts = dts + offset
            if is_delta:
                buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
            element.emit("push-buffer", buffer)
            position["unit"] += 1
            if position["unit"] == len(self.units):
                position["unit"] = 0
                position["round"] += 1

        source.connect("need-data", push)


def ask_password(server, factory, user, password, is_digest):
    """Requires this user, by Digest or Basic authentication."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if is_digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    viewer = Gst.Structure.new_from_string("viewer,media.factory.access=true,media.factory.construct=true")
    factory.add_role_from_structure(viewer)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--file", required=True, help="the MP4 to serve")
    arguments.add_argument("--codec", choices=("h264", "h265"), default="h264", help="codec of its video (default: h264)")
    arguments.add_argument("--port", type=int, default=0, help="port to listen on (default: 0, a free port)")
    arguments.add_argument("--address", default="127.0.0.1", help="address to listen on (default: this machine only)")
    arguments.add_argument("--path", default="/camera", help="path of the stream's URL (default: /camera)")
    arguments.add_argument(
        "--start", type=float, default=0, help="position in the clip to start at, in seconds; wraps at its end"
    )
    arguments.add_argument("--user", help="require this user; needs --password")
    arguments.add_argument("--password")
    arguments.add_argument("--digest", action="store_true", help="ask for the password by Digest instead of Basic")
    arguments.add_argument("--udp-only", action="store_true", help="refuse to send packets by TCP")
    arguments.add_argument("--clients", type=int, default=0, help="serve at most this many at a time (default: 0, no limit)")
    options = arguments.parse_args()

    Gst.init(None)
    factory = LoopFactory(read_clip(options.file, options.codec), options.codec, options.start)
    server = GstRtspServer.RTSPServer()
    server.set_address(options.address)
    server.set_service(str(options.port))
    if options.user is not None:
        ask_password(server, factory, options.user, options.password or "", options.digest)
    if options.udp_only:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    server.get_session_pool().set_max_sessions(options.clients)
    server.get_mount_points().add_factory(options.path, factory)
    if server.attach(None) == 0:
        sys.exit(f"rtsp-server: cannot listen on {options.address}:{options.port}")
    print("listening", server.get_bound_port(), flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    loop.run()


if __name__ == "__main__":
    main()
