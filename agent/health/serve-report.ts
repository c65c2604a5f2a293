import { once } from "node:events";
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { shortReason } from "../base/error-code.ts";
import type { Log } from "../base/log.ts";
import type { Report } from "./report.ts";

/** The socket's name in the state directory. */
export const REPORT_SOCKET = "status.sock";

const REPORT_EVERY_MS = 1_000;

export interface ServeReportDependencies {
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/**
 * Serves reports on a Unix socket: each client receives a line of JSON at once and then every second. It therefore works
 * without a broker. The server reads nothing from clients, and only the agent's own user and root may connect. If the socket
 * cannot be created, a warning is logged and the agent runs without it.
 */
export async function serveReport(
  file: string,
  report: () => Report,
  { clock, log }: ServeReportDependencies,
): Promise<AsyncDisposable> {
  const leaving = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    void sendReports(socket);
  });

  async function sendReports(socket: Socket): Promise<void> {
    const gone = new AbortController();
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      gone.abort();
    });
    socket.resume();
    const over = AbortSignal.any([leaving.signal, gone.signal]);
    while (!over.aborted) {
      // A client that does not read receives nothing more, which limits the buffer.
      if (!socket.writableNeedDrain) socket.write(`${JSON.stringify(report())}\n`);
      await clock.sleep(REPORT_EVERY_MS, over);
    }
  }

  try {
    await mkdir(dirname(file), { recursive: true });
    // A crash leaves the socket behind; a new server cannot listen on an existing one.
    await rm(file, { force: true });
    await once(server.listen(file), "listening");
    await chmod(file, 0o600);
  } catch (error) {
    log.warn(
      {
        remedy:
          "Let the user that runs sabrewing write there, or set state_dir to a folder with a shorter path.",
      },
      `sabrewing status does not work for this agent: cannot create the socket ${file} (${shortReason(error)})`,
    );
  }
  return {
    async [Symbol.asyncDispose]() {
      leaving.abort();
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
