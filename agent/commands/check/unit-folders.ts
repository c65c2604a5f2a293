import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ANSWER_WITHIN_MS = 5000;

/** What a systemd service may write to. */
export interface UnitFolders {
  /** Whether the unit's sandbox allows the service to write to a path. */
  allows(path: string): boolean;
  /** The user of the service; undefined if it is root or unknown. */
  readonly user: UnitUser | undefined;
  /** The folder that systemd makes for its state; undefined if there is none, or no such unit. */
  readonly stateDirectory: string | undefined;
}

export interface UnitUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Reads the unit, drop-ins included. Undefined if systemd or the service does not exist. */
export async function foldersOfUnit(unit: string, signal: AbortSignal): Promise<UnitFolders | undefined> {
  const properties = ["User", "ProtectSystem", "ReadWritePaths", "StateDirectory"];
  const asked = { signal, timeout: ANSWER_WITHIN_MS };
  try {
    const words = ["show", unit, ...properties.map((name) => `--property=${name}`)];
    const { stdout } = await run("systemctl", words, asked);
    const { user, ...rules } = readFolderRules(stdout);
    return { ...rules, user: user === undefined ? undefined : await userNamed(user, asked) };
  } catch {
    return undefined;
  }
}

async function userNamed(name: string, asked: object): Promise<UnitUser> {
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (what) => Number((await run("id", [what, name], asked)).stdout)),
  );
  return { name, uid: uid ?? 0, gid: gid ?? 0 };
}

/** Folders that a service may write to although the file system is protected (systemd.exec(5), ProtectSystem=strict). */
const NEVER_PROTECTED = ["/tmp", "/var/tmp", "/dev", "/proc", "/sys"];

/** Parses the properties as printed by `systemctl show`. */
export function readFolderRules(
  shown: string,
): Omit<UnitFolders, "user"> & { readonly user: string | undefined } {
  const properties = new Map(
    [...shown.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
  const list = (name: string) => (properties.get(name) ?? "").split(" ").filter((item) => item !== "");
  const states = list("StateDirectory").map((name) => join("/var/lib", name.split(":")[0] ?? ""));
  const writable = [
    ...states,
    ...NEVER_PROTECTED,
    // A path may begin with - (it may be missing) and + (it is relative to RootDirectory=).
    ...list("ReadWritePaths").map((path) => path.replace(/^[-+]+/, "")),
  ];
  const isStrict = properties.get("ProtectSystem") === "strict";
  const user = properties.get("User");
  return {
    stateDirectory: states[0],
    user: user === undefined || user === "" || user === "root" ? undefined : user,
    allows: (path) => !isStrict || writable.some((folder) => isWithin(path, folder)),
  };
}

function isWithin(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return !rest.startsWith("..") && !isAbsolute(rest);
}

/** Whether the mode of a folder, or of the nearest one above that exists, lets a user write into it. */
export async function mayWrite(path: string, { uid, gid }: UnitUser): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined) {
      const bits = found.uid === uid ? found.mode >> 6 : found.gid === gid ? found.mode >> 3 : found.mode;
      return (bits & 0b011) === 0b011;
    }
    if (folder === dirname(folder)) return false;
  }
}
