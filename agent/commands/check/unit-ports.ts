import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const ANSWER_WITHIN_MS = 5000;

/**
 * Reads which TCP ports a systemd service may listen on, drop-ins included.
 * @returns a test for a port; it allows every port if systemd or the service does not exist
 */
export async function portsOfUnit(unit: string, signal: AbortSignal): Promise<(port: number) => boolean> {
  const properties = ["--property=SocketBindAllow", "--property=SocketBindDeny"];
  try {
    const asked = { signal, timeout: ANSWER_WITHIN_MS };
    const { stdout } = await run("systemctl", ["show", unit, ...properties], asked);
    return readPortRules(stdout);
  } catch {
    return () => true;
  }
}

/**
 * Parses SocketBindAllow= and SocketBindDeny= as printed by `systemctl show` (systemd.resource-control(5)). Allow takes
 * precedence over deny; a port with neither rule is allowed.
 */
export function readPortRules(shown: string): (port: number) => boolean {
  const rules = [...shown.matchAll(/^SocketBind(Allow|Deny)=(.*)$/gm)].flatMap(([, verdict, items = ""]) =>
    items.split(" ").flatMap((item) => {
      const ports = /^(?:ipv[46]:)?(?:tcp:)?(any|\d+)(?:-(\d+))?$/.exec(item);
      if (ports === null) return [];
      const [, first = "", last = first] = ports;
      const covers = (port: number) => first === "any" || (Number(first) <= port && port <= Number(last));
      return [{ verdict, covers }];
    }),
  );
  const says = (verdict: string, port: number) =>
    rules.some((rule) => rule.verdict === verdict && rule.covers(port));
  return (port) => says("Allow", port) || !says("Deny", port);
}
