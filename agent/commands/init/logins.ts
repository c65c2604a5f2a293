import { type Login, splitAddress, withLogin } from "../../base/address.ts";
import { UsageError } from "../../base/errors.ts";
import type { Environment } from "../../config/environment.ts";
import { type CameraStreams, userAlone } from "./flags.ts";

/** Variables for the passwords of --camera-user and --broker-user: every user of a machine can read command lines. */
export const CAMERA_PASSWORD = "SABREWING_CAMERA_PASSWORD";
export const BROKER_PASSWORD = "SABREWING_MQTT_PASSWORD";

/** Sources of passwords other than the command line. */
export interface PasswordSources {
  readonly env: Environment;
  /** Asks the user; undefined without a terminal. */
  readonly ask: ((user: string) => Promise<string>) | undefined;
}

/**
 * Combines a user from the command line with the password from the environment, else from a prompt.
 * @throws UsageError if there is no password.
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
    `the password of ${user} is missing: the environment variable ${variable} is not set`,
    `Set ${variable}, or run init on a terminal without --yes and --json to be asked for it.`,
  );
}

/**
 * Adds a login to each address that has none. If an address names only a user, it asks for the password, once per user.
 */
export async function withLogins(
  cameras: readonly CameraStreams[],
  login: Login | undefined,
  ask: PasswordSources["ask"],
): Promise<readonly CameraStreams[]> {
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
  const completed: CameraStreams[] = [];
  for (const { name, addresses } of cameras) {
    const own: string[] = [];
    for (const address of addresses) own.push(await complete(address));
    completed.push({ name, addresses: own });
  }
  return completed;
}
