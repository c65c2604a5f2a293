import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Listens like systemd (sd_notify(3)) and prints each message as a line of JSON. In Python, since Node has no Unix datagram sockets. */
const LISTEN = `
import json, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print(json.dumps(["listening"]), flush=True)
while True:
    print(json.dumps(server.recv(4096).decode().splitlines()), flush=True)
`;

/** The service manager's side of NOTIFY_SOCKET. */
export interface NotifySocket extends AsyncDisposable {
  readonly path: string;
  /** All assignments in order of arrival, without those that systemd-notify adds. */
  readonly received: readonly string[];
}

export async function listenAsSystemd(): Promise<NotifySocket> {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-notify-"));
  const path = join(folder, "notify");
  const listener = spawn("/usr/bin/python3", ["-c", LISTEN, path], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(listener, "exit");
  const lines = createInterface({ input: listener.stdout });
  await once(lines, "line");
  const received: string[] = [];
  lines.on("line", (line) => {
    const assignments: string[] = JSON.parse(line);
    received.push(...assignments.filter((assignment) => !/^(BARRIER|MAINPID)=/.test(assignment)));
  });
  return {
    path,
    received,
    async [Symbol.asyncDispose]() {
      listener.kill();
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}
