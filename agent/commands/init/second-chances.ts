import { select } from "@clack/prompts";
import { splitAddress, withLogin } from "../../base/address.ts";
import type { Broker, BrokerAnswer } from "./choose-broker.ts";
import type { CameraAnswer } from "./choose-streams.ts";
import type { CameraStreams } from "./flags.ts";
import { answer, askAddress, askBroker, askLogin } from "./questions.ts";

/** Asks what to do with a broker that has failed. @throws Cancelled */
export async function askAboutBroker(broker: Broker): Promise<BrokerAnswer> {
  const choice = await answer(
    select({
      message: "The broker does not work with these answers.",
      options: [
        { value: "login" as const, label: "Enter another user and password" },
        { value: "other" as const, label: "Enter another address" },
        { value: "again" as const, label: "Try it again" },
        { value: "keep" as const, label: "Keep it anyway" },
      ],
    }),
  );
  if (choice === "other") return askBroker();
  if (choice !== "login") return choice;
  const { user: _, password: __, ...anonymous } = broker;
  return { ...anonymous, ...(await askLogin("the broker")) };
}

/** Asks what to do with a camera if none of its streams works. @throws Cancelled */
export async function askAboutCamera({ name, addresses }: CameraStreams): Promise<CameraAnswer> {
  const choice = await answer(
    select({
      message: `No stream of ${name} works.`,
      options: [
        { value: "login" as const, label: "Enter another user and password" },
        { value: "address" as const, label: "Enter another address" },
        { value: "again" as const, label: "Try it again" },
        { value: "keep" as const, label: "Keep it anyway" },
        { value: "leave out" as const, label: "Leave this camera out" },
      ],
    }),
  );
  if (choice === "address") return { addresses: [await askAddress(anonymous(addresses[0] ?? ""))] };
  if (choice !== "login") return choice;
  const login = await askLogin("this camera");
  return { addresses: addresses.map((address) => withLogin(anonymous(address), login)) };
}

/** The address without user and password, which are asked for again. */
function anonymous(address: string): string {
  const parts = splitAddress(address);
  if (parts === undefined) return address;
  const { scheme, host, port, path } = parts;
  return `${scheme}://${host}${port === undefined ? "" : `:${port}`}${path}`;
}
