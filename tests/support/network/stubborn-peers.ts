import { createConnection, type Socket } from "node:net";

/** Connections that strangers hold on to. */
export interface StubbornPeers extends Disposable {
  /** How many the server has closed so far; each was opened again. */
  closed(): number;
}

const REOPEN_AFTER_MS = 500;

/**
 * Opens this many connections to a port of the loopback, sends the same on each, closes none of them, and opens another
 * for each that the server closes.
 */
export function openStubbornPeers(port: number, count: number, sent: string): StubbornPeers {
  const sockets = new Set<Socket>();
  const waiting = new Set<NodeJS.Timeout>();
  let closed = 0;
  let isOver = false;

  function open(): void {
    // Half-open: it stays until it is destroyed, though the server has closed its side.
    const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
    sockets.add(socket);
    socket.on("error", () => {});
    // What comes is read, else the end would not be noticed.
    socket.resume();
    // A server that has closed only its own side takes what is written; one that has given up the connection resets it.
    socket.on("end", () => {
      const insisting = setInterval(() => socket.write("x"), REOPEN_AFTER_MS);
      socket.on("close", () => clearInterval(insisting));
    });
    socket.on("close", () => {
      sockets.delete(socket);
      if (isOver) return;
      closed++;
      const timer = setTimeout(() => {
        waiting.delete(timer);
        open();
      }, REOPEN_AFTER_MS);
      waiting.add(timer);
    });
    socket.write(sent);
  }

  for (let index = 0; index < count; index++) open();
  return {
    closed: () => closed,
    [Symbol.dispose]() {
      isOver = true;
      for (const timer of waiting) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
