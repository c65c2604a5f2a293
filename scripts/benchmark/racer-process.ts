import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, ContestantChoice, Question } from "./contestant.ts";
import type { Racer } from "./race.ts";

/** Measurements after the race that only some contestants support. */
export interface ProcessRacer extends Racer {
  /** Milliseconds from the end of a guest to the next one's first answer. */
  respawn(): Promise<number>;
  /** Inferences per second of this many parallel instances. */
  throughput(instances: number): Promise<number>;
}

const PROGRAM = fileURLToPath(new URL("contestant-process.ts", import.meta.url));

/**
 * Starts a process for one contestant. It loads its model on request.
 * @param pixels the image for its inferences: height × width × 3 bytes, RGB
 */
export function startRacer(choice: ContestantChoice, pixels: Uint8Array): ProcessRacer {
  const child = fork(PROGRAM, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const gone = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`its process ended (${signal ?? `exit code ${code}`})`)),
    );
  });
  // No caller may be waiting when it ends normally.
  gone.catch(() => undefined);

  async function ask(question: Question): Promise<number> {
    child.send(question);
    const [answer] = (await Promise.race([once(child, "message"), gone])) as [Answer];
    if (!answer.ok) throw new Error(answer.error);
    return answer.value;
  }

  return {
    load: () => ask({ ask: "load", choice, pixels: Buffer.from(pixels).toString("base64") }),
    infer: () => ask({ ask: "infer" }),
    rss: () => ask({ ask: "rss" }),
    respawn: () => ask({ ask: "respawn" }),
    throughput: (instances) => ask({ ask: "throughput", instances }),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      const insist = setTimeout(() => child.kill("SIGKILL"), 5000);
      await once(child, "exit");
      clearTimeout(insist);
    },
  };
}
