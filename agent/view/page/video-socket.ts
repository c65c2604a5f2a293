/** A connection that receives a camera's video from the agent. */
export interface VideoSocket {
  /** Delivers the buffered video, then everything that follows. */
  deliver(receive: (part: ArrayBuffer) => void): void;
  close(): void;
}

const RETRY_MS = 2_000;
/** Four seconds. If `deliver` is called later, the video starts at the next key frame. */
const MOST_KEPT_BYTES = 1_000_000;

/** Opens a camera's video and reopens it whenever it ends, until it is closed. */
export function openVideoSocket(address: string): VideoSocket {
  let receive: ((part: ArrayBuffer) => void) | undefined;
  let kept: ArrayBuffer[] = [];
  let keptBytes = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let socket = connect();

  function connect(): WebSocket {
    const opened = new WebSocket(address);
    opened.binaryType = "arraybuffer";
    opened.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => (receive ?? keep)(data));
    opened.addEventListener("close", () => {
      if (closed) return;
      retry = setTimeout(() => {
        socket = connect();
      }, RETRY_MS);
    });
    return opened;
  }

  function keep(part: ArrayBuffer): void {
    if (keptBytes > MOST_KEPT_BYTES) [kept, keptBytes] = [[], 0];
    kept.push(part);
    keptBytes += part.byteLength;
  }

  return {
    deliver(to) {
      receive = to;
      for (const part of kept) to(part);
      kept = [];
    },
    close() {
      closed = true;
      clearTimeout(retry);
      socket.close();
    },
  };
}
