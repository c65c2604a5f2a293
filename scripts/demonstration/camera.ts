import { fileURLToPath } from "node:url";
import { type Child, lineFrom, startChild } from "./child.ts";

/** An RTSP camera that plays a clip. */
export interface Camera extends AsyncDisposable {
  readonly url: string;
  readonly process: Child;
}

const SERVER = fileURLToPath(new URL("../rtsp-server.py", import.meta.url));

/**
 * Starts an RTSP server that plays `clip` in a loop, on a free loopback port or on `port`.
 * @param startSeconds position in the clip to start at
 * @throws Error with the server's output when it does not start
 */
export async function startCamera(clip: string, port = 0, startSeconds = 0): Promise<Camera> {
  const { child, match } = await lineFrom(
    (onLine) =>
      startChild(
        "the RTSP server",
        // python3-gi works with Debian's own Python only.
        [
          "/usr/bin/python3",
          SERVER,
          ...["--port", String(port), "--file", clip, "--start", String(startSeconds)],
        ],
        { onLine },
      ),
    /^listening (\d+)/,
    15_000,
  );
  return {
    url: `rtsp://127.0.0.1:${match[1]}/camera`,
    process: child,
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
