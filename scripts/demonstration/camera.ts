import { fileURLToPath } from "node:url";
import { type Child, lineFrom, startChild } from "./child.ts";

/** A clip served as a camera would serve it. */
export interface Camera extends AsyncDisposable {
  readonly url: string;
  readonly process: Child;
}

const SERVER = fileURLToPath(new URL("../rtsp-server.py", import.meta.url));

/**
 * Starts an RTSP server on a free loopback port (or `port`) that plays `clip` again and again.
 * @param startSeconds where in the clip it begins
 * @throws Error when the server does not start; it quotes what the server said
 */
export async function startCamera(clip: string, port = 0, startSeconds = 0): Promise<Camera> {
  const { child, match } = await lineFrom(
    (onLine) =>
      startChild(
        "the RTSP server",
        // Debian's own Python: python3-gi is not there for any other.
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
