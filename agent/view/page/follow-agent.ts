import type { LiveMessage } from "./protocol.ts";

export interface Hearer {
  hear(message: LiveMessage): void;
  /** The agent answers, or it does not any more. */
  connected(now: boolean): void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** Hears what the agent tells, for as long as the page is open; connects again whenever the connection is lost. */
export function followAgent({ hear, connected }: Hearer): void {
  let retryMs = FIRST_RETRY_MS;
  const connect = () => {
    const socket = new WebSocket(socketAddress("live"));
    socket.addEventListener("open", () => {
      retryMs = FIRST_RETRY_MS;
      connected(true);
    });
    socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
    socket.addEventListener("close", () => {
      connected(false);
      setTimeout(connect, retryMs);
      retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
    });
  };
  connect();
}

/** Where one of the agent's sockets is, from wherever this page came. */
export function socketAddress(path: string): string {
  const address = new URL(path, document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}
