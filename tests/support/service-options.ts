import { readFileSync } from "node:fs";

/** The options for Node with which the systemd unit starts the agent. */
export function serviceOptions(): string[] {
  const unit = readFileSync(new URL("../../config/sabrewing.service", import.meta.url), "utf8");
  const command = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const main = command.findIndex((word) => word.endsWith("/main.js"));
  if (main === -1) throw new Error("config/sabrewing.service does not start main.js");
  return command.slice(1, main);
}
