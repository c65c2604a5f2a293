import { readFileSync } from "node:fs";

/** The options for Node in the systemd unit. */
export function serviceOptions(): string[] {
  const command = /^ExecStart=(.*)$/m.exec(readUnit())?.[1]?.split(" ") ?? [];
  const main = command.findIndex((word) => word.endsWith("/main.js"));
  if (main === -1) throw new Error("config/sabrewing.service does not start main.js");
  return command.slice(1, main);
}

/** The environment variables of malloc in the systemd unit. */
export function serviceEnvironment(): Record<string, string> {
  const settings = /^Environment=(MALLOC_.*)$/m.exec(readUnit())?.[1]?.split(" ") ?? [];
  if (settings.length === 0) throw new Error("config/sabrewing.service does not set malloc's variables");
  return Object.fromEntries(settings.map((setting) => setting.split("=", 2)));
}

function readUnit(): string {
  return readFileSync(new URL("../../../config/sabrewing.service", import.meta.url), "utf8");
}
