/** A camera's video as it comes from the agent. */
export interface VideoSocket {
  /** Delivers it from now on, what came before first. */
  deliver(see: (part: ArrayBuffer) => void): void;
  close(): void;
}

const RETRY_MS = 2_000;
/** Four seconds: who has not asked for it by then begins at the next whole picture. */
const MOST_KEPT_BYTES = 1_000_000;

/** Opens a camera's video, and again whenever it ends, until it is closed. */
export function openVideoSocket(address: string): VideoSocket {
  let see: ((part: ArrayBuffer) => void) | undefined;
  let kept: ArrayBuffer[] = [];
  let keptBytes = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let socket = connect();

  function connect(): WebSocket {
    const opened = new WebSocket(address);
    opened.binaryType = "arraybuffer";
    opened.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => (see ?? keep)(data));
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
      see = to;
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
