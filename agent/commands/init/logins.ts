import { UsageError } from "../../base/errors.ts";
import { type Login, splitAddress, withLogin } from "../../camera/address.ts";
import type { Environment } from "../../config/environment.ts";
import { userAlone, type WantedCamera } from "./flags.ts";

/** Passwords that go with --camera-user and --broker-user: everybody on the machine can read a command line. */
export const CAMERA_PASSWORD = "SABREWING_CAMERA_PASSWORD";
export const BROKER_PASSWORD = "SABREWING_MQTT_PASSWORD";

/** Where a password comes from that is not on the command line. */
export interface PasswordSources {
  readonly env: Environment;
  /** Asks a person; undefined where nobody can be asked. */
  readonly ask: ((user: string) => Promise<string>) | undefined;
}

/**
 * A user from the command line with the password from the environment, else from a person.
 * @throws UsageError where neither has one.
 */
export async function loginOf(
  user: string | undefined,
  variable: string,
  { env, ask }: PasswordSources,
): Promise<Login | undefined> {
  if (user === undefined) return undefined;
  const password = env[variable] ?? (await ask?.(user));
  if (password !== undefined) return { user, password };
  throw new UsageError(
    `the password of ${user} is missing: it is expected in the environment variable ${variable}`,
    `Set ${variable}, or run init on a terminal without --yes and --json: it asks.`,
  );
}

/**
 * Cameras with a login in each address: the one it has, else `login`. The password of an address that names only a user is
 * asked for, once for each user.
 */
export async function withLogins(
  cameras: readonly WantedCamera[],
  login: Login | undefined,
  ask: PasswordSources["ask"],
): Promise<readonly WantedCamera[]> {
  const passwords = new Map<string, string>();
  const complete = async (address: string): Promise<string> => {
    const user = userAlone(address);
    if (user === undefined || ask === undefined) {
      return splitAddress(address)?.user === undefined ? withLogin(address, login) : address;
    }
    const password = passwords.get(user) ?? (await ask(user));
    passwords.set(user, password);
    return withLogin(address, { user, password });
  };
  const completed: WantedCamera[] = [];
  for (const { name, addresses } of cameras) {
    const own: string[] = [];
    for (const address of addresses) own.push(await complete(address));
    completed.push({ name, addresses: own });
  }
  return completed;
}
