import type { LiveMessage } from "./protocol.ts";

export interface AgentListener {
  onMessage(message: LiveMessage): void;
  onConnected(connected: boolean): void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** Receives the agent's messages while the page is open; reconnects when the connection is lost. */
export function followAgent({ onMessage, onConnected }: AgentListener): void {
  let retryMs = FIRST_RETRY_MS;
  const connect = () => {
    const socket = new WebSocket(socketAddress("live"));
    socket.addEventListener("open", () => {
      retryMs = FIRST_RETRY_MS;
      onConnected(true);
    });
    socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)));
    socket.addEventListener("close", () => {
      onConnected(false);
      setTimeout(connect, retryMs);
      retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
    });
  };
  connect();
}

/** The address of one of the agent's WebSockets, relative to this page. */
export function socketAddress(path: string): string {
  const address = new URL(path, document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}
