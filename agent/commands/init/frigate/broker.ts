import { isIPv6 } from "node:net";
import { UsageError } from "../../../base/errors.ts";
import type { Mapping } from "../../../base/mapping.ts";
import type { FirstAnswers } from "../first-config.ts";
import { readBroker } from "../flags.ts";
import type { Secrets } from "../secrets.ts";
import type { Remarks } from "./remarks.ts";
import { flagOf, mappingOf, numberOf, textOf, withValues } from "./values.ts";
import { type Texts, withVariables } from "./variables.ts";

export interface BrokerContext {
  /** The broker from the command line, which replaces that of the file. */
  readonly broker: FirstAnswers["broker"] | undefined;
  readonly texts: Texts;
  readonly secrets: Secrets;
  readonly remarks: Remarks;
}

const NO_BROKER = "127.0.0.1";
const PASSWORD = "SABREWING_MQTT_PASSWORD";

/** `mqtt` of sabrewing.yml. */
export function translateMqtt(mqtt: Mapping, context: BrokerContext): Mapping {
  const { texts, remarks } = context;
  const text = (value: unknown) => {
    const written = textOf(value);
    return written === undefined ? undefined : texts.translated(written);
  };
  // Frigate's own default, which automations rely on.
  const prefix = text(mqtt.topic_prefix) ?? "frigate";
  remarks.add(
    "changed",
    "mqtt.topic_prefix",
    `stays ${prefix}, for your automations; stop Frigate, or choose another prefix`,
  );
  return {
    ...(context.broker === undefined ? ownBroker(mqtt, context) : givenBroker(context.broker, context)),
    ...withValues({
      client_id: text(mqtt.client_id),
      stats_interval: numberOf(mqtt.stats_interval),
    }),
    topic_prefix: prefix,
  };

  function ownBroker(own: Mapping, { remarks }: BrokerContext): Mapping {
    const { host, port, tls, ...login } = addressOf(textOf(own.host));
    if (host === undefined) {
      remarks.add("todo", "mqtt.host", `set the broker that receives the events; ${NO_BROKER} was written`);
    } else if (flagOf(own.enabled) === false) {
      remarks.add(
        "changed",
        "mqtt.enabled",
        "Sabrewing publishes to this broker, because it has no other output",
      );
    }
    const password = textOf(own.password) ?? login.password;
    return {
      host: host === undefined ? NO_BROKER : texts.translated(host),
      ...withValues({
        port: numberOf(own.port) ?? port,
        user: text(own.user ?? login.user),
        password: password === undefined ? undefined : texts.secret(PASSWORD, password),
        tls: tls ? true : undefined,
      }),
      ...tlsFiles(own, remarks),
    };
  }

  /** As in Frigate, the other keys have no effect without `tls_ca_certs`. */
  function tlsFiles(own: Mapping, remarks: Remarks): Mapping {
    const keys = ["tls_ca_certs", "tls_client_cert", "tls_client_key"];
    if (text(own.tls_ca_certs) === undefined) {
      for (const key of [...keys, "tls_insecure"].filter((name) => own[name] && own[name] !== "false")) {
        remarks.add("dropped", `mqtt.${key}`, "has no effect in Frigate without mqtt.tls_ca_certs");
      }
      return {};
    }
    return mappingOf(
      withValues({
        ...Object.fromEntries(keys.map((key) => [key, text(own[key])])),
        tls_insecure: flagOf(own.tls_insecure),
      }),
    );
  }
}

/** Users also write the port, a login and a scheme into `host`. */
function addressOf(host: string | undefined): Partial<FirstAnswers["broker"]> {
  if (host === undefined) return {};
  if (isIPv6(host)) return { host };
  return withVariables(host, (plain, restored) => {
    try {
      const { user, password, ...address } = readBroker(plain);
      return {
        ...address,
        host: restored(address.host),
        ...(user === undefined ? {} : { user: restored(user) }),
        ...(password === undefined ? {} : { password: restored(password) }),
      };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { host };
    }
  });
}

function givenBroker(
  { host, port, tls, user, password }: FirstAnswers["broker"],
  { secrets }: BrokerContext,
): Mapping {
  return {
    host,
    ...withValues({
      port,
      user,
      password: password === undefined ? undefined : secrets.keep(PASSWORD, password),
      tls: tls ? true : undefined,
    }),
  };
}
