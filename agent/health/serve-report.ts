import { once } from "node:events";
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
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
 * Tells whoever connects to a Unix socket how the agent is, as a line of JSON at once and then every second. Nothing is
 * read from it, and only the agent's own user and root may connect. So it works while the broker is away, which is when
 * people ask. Where the socket cannot be made a warning is logged: the agent does without.
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
    void tell(socket);
  });

  async function tell(socket: Socket): Promise<void> {
    const gone = new AbortController();
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      gone.abort();
    });
    socket.resume();
    const over = AbortSignal.any([leaving.signal, gone.signal]);
    while (!over.aborted) {
      // Whoever does not read gets no more: nothing piles up.
      if (!socket.writableNeedDrain) socket.write(`${JSON.stringify(report())}\n`);
      await clock.sleep(REPORT_EVERY_MS, over);
    }
  }

  try {
    await mkdir(dirname(file), { recursive: true });
    // Left behind by a crash; a socket that nobody listens on cannot be taken over.
    await rm(file, { force: true });
    await once(server.listen(file), "listening");
    await chmod(file, 0o600);
  } catch (error) {
    log.warn(
      {
        remedy:
          "Let the user that runs sabrewing write there, or set state_dir to a folder with a shorter path.",
      },
      `sabrewing status cannot ask this agent: no socket ${file} (${codeOf(error)})`,
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

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
