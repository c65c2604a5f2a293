#!/usr/bin/python3
"""Serves several RTSP cameras, each on its own free port with the path /cam.

The argument is a JSON list of cameras: {"name", "launch", "transport": "udp" | "tcp", "login": "digest" | "basic",
"address"}; name and launch (of GStreamer, without parentheses) are required. The login is admin with the password secret.
Prints one line, a JSON object with the port of each name, when clients may connect. Each client gets the stream from its
start.
"""

import json
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

TRANSPORTS = {"udp": GstRtsp.RTSPLowerTrans.UDP, "tcp": GstRtsp.RTSPLowerTrans.TCP}


def require_login(server, factory, method):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("admin", "secret", token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("admin", "secret"), token)
    server.set_auth(auth)
    viewer = Gst.Structure.new_from_string("viewer,media.factory.access=true,media.factory.construct=true")
    factory.add_role_from_structure(viewer)


def start(camera):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {camera['launch']} )")
    if "transport" in camera:
        factory.set_protocols(TRANSPORTS[camera["transport"]])
    server = GstRtspServer.RTSPServer()
    server.set_address(camera.get("address", "127.0.0.1"))
    server.set_service("0")
    if "login" in camera:
        require_login(server, factory, camera["login"])
    server.get_mount_points().add_factory("/cam", factory)
    if server.attach(None) == 0:
        sys.exit(f"gst-cameras: cannot listen for {camera['name']}")
    return server


def main():
    Gst.init(None)
    servers = {camera["name"]: start(camera) for camera in json.loads(sys.argv[1])}
    print(json.dumps({name: server.get_bound_port() for name, server in servers.items()}), flush=True)
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    loop.run()


if __name__ == "__main__":
    main()
