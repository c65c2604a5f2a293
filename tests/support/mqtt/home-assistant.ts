/**
 * Simulates how Home Assistant reads the messages of a broker, by its published rules for MQTT discovery
 * (home-assistant.io/integrations/mqtt, and its core repository: components/mqtt schemas, abbreviations, platforms).
 */

/** A retained or live message from the broker. */
export interface Received {
  readonly topic: string;
  readonly payload: string;
}

/** An entity as Home Assistant shows it. */
export interface HomeEntity {
  readonly device: string;
  readonly name: string;
  readonly platform: string;
  readonly available: boolean;
  /** Undefined: unknown. */
  readonly state: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  avty: "availability",
  avty_mode: "availability_mode",
  cmd_t: "command_topic",
  cmps: "components",
  dev: "device",
  dev_cla: "device_class",
  en: "enabled_by_default",
  ent_cat: "entity_category",
  exp_aft: "expire_after",
  ic: "icon",
  o: "origin",
  p: "platform",
  pl_avail: "payload_available",
  pl_not_avail: "payload_not_available",
  pl_off: "payload_off",
  pl_on: "payload_on",
  stat_cla: "state_class",
  stat_t: "state_topic",
  t: "topic",
  unit_of_meas: "unit_of_measurement",
  uniq_id: "unique_id",
  val_tpl: "value_template",
  ids: "identifiers",
  mdl: "model",
  mf: "manufacturer",
  sw: "sw_version",
};

/** Options of every entity. */
const COMMON = [
  "availability",
  "availability_mode",
  "enabled_by_default",
  "entity_category",
  "icon",
  "name",
  "platform",
  "qos",
  "unique_id",
];
const PLATFORMS: Readonly<
  Record<string, { readonly required: readonly string[]; readonly optional: readonly string[] }>
> = {
  binary_sensor: {
    required: ["state_topic"],
    optional: ["device_class", "expire_after", "payload_off", "payload_on", "value_template"],
  },
  sensor: {
    required: ["state_topic"],
    optional: ["device_class", "expire_after", "state_class", "unit_of_measurement", "value_template"],
  },
  switch: { required: ["command_topic"], optional: ["payload_off", "payload_on", "state_topic", "retain"] },
  image: { required: ["image_topic"], optional: ["content_type"] },
};
const BINARY_CLASSES = ["connectivity", "motion", "occupancy", "presence", "problem", "running"];
/** Allowed units of a sensor class. */
const SENSOR_CLASSES: Readonly<Record<string, readonly string[]>> = {
  duration: ["d", "h", "min", "s", "ms", "µs"],
};
const DISCOVERY_TOPIC = /^homeassistant\/device\/(?:[a-zA-Z0-9_-]+\/)?[a-zA-Z0-9_-]+\/config$/;
const NO_WILDCARD = /^[^#+\0]+$/;

type Options = Readonly<Record<string, unknown>>;

/** All mistakes in a discovery message. Home Assistant accepts a message without mistakes. */
export function discoveryMistakes({ topic, payload }: Received): readonly string[] {
  const mistakes: string[] = [];
  const must = (holds: boolean, rule: string) => {
    if (!holds) mistakes.push(rule);
  };
  must(DISCOVERY_TOPIC.test(topic), `${topic} is not a discovery topic`);
  if (payload === "") return mistakes;
  const { device, origin, components, availability, availability_mode, ...others } = expand(
    JSON.parse(payload),
  );
  must(Object.keys(others).length === 0, `unknown options ${Object.keys(others)}`);
  const { identifiers, name, ...aboutDevice } = expand(device);
  must(Array.isArray(identifiers) && identifiers.length > 0, "dev has no ids");
  must(isText(name), "dev has no name");
  onlyKnown(aboutDevice, ["manufacturer", "model", "sw_version", "via_device"], "dev", must);
  must(isText(expand(origin).name), "o has no name");
  checkAvailability({ availability, availability_mode }, "device", must);
  const identities = new Set<unknown>();
  for (const [key, component] of Object.entries(asOptions(components))) {
    checkComponent(key, expand(component), identities, must);
  }
  return mistakes;
}

type Must = (holds: boolean, rule: string) => void;

function checkComponent(key: string, component: Options, identities: Set<unknown>, must: Must): void {
  const { platform } = component;
  const known = PLATFORMS[String(platform)];
  // Home Assistant splits `<device> <key>` at spaces when a device is removed.
  must(/^\S+$/.test(key), `${key}: a key with spaces`);
  must(known !== undefined, `${key}: unknown platform ${platform}`);
  // A component with only a platform removes the entity.
  if (known === undefined || Object.keys(component).length === 1) return;
  must(isText(component.unique_id), `${key}: no unique_id`);
  must(!identities.has(component.unique_id), `${key}: unique_id ${component.unique_id} is taken`);
  identities.add(component.unique_id);
  for (const option of known.required) must(isText(component[option]), `${key}: ${option} is missing`);
  onlyKnown(component, [...COMMON, ...known.required, ...known.optional], key, must);
  for (const [option, value] of Object.entries(component)) {
    if (option.endsWith("_topic"))
      must(isText(value) && NO_WILDCARD.test(value), `${key}: ${option} ${value}`);
  }
  must(
    [undefined, "config", "diagnostic"].includes(component.entity_category as string),
    `${key}: entity_category`,
  );
  must(
    component.entity_category !== "config" || platform === "switch",
    `${key}: only settings may be config`,
  );
  must(component.icon === undefined || /^mdi:[a-z-]+$/.test(String(component.icon)), `${key}: icon`);
  must([undefined, 0, 1, 2].includes(component.qos as number), `${key}: qos`);
  checkAvailability(component, key, must);
  const { device_class: ofClass, unit_of_measurement: unit, state_class: stateClass } = component;
  if (platform === "binary_sensor") {
    must(
      ofClass === undefined || BINARY_CLASSES.includes(String(ofClass)),
      `${key}: device_class ${ofClass}`,
    );
  }
  if (platform === "sensor") {
    const units = SENSOR_CLASSES[String(ofClass)];
    must(ofClass === undefined || units?.includes(String(unit)) === true, `${key}: ${ofClass} in ${unit}`);
    must(
      [undefined, "measurement", "total", "total_increasing"].includes(stateClass as string),
      `${key}: state_class`,
    );
  }
}

function checkAvailability(
  { availability, availability_mode: mode }: Options,
  where: string,
  must: Must,
): void {
  must([undefined, "all", "any", "latest"].includes(mode as string), `${where}: availability_mode ${mode}`);
  if (availability === undefined) return;
  must(Array.isArray(availability) && availability.length > 0, `${where}: avty is not a list`);
  for (const source of availability as unknown[]) {
    const { topic, ...others } = expand(source);
    must(isText(topic) && NO_WILDCARD.test(topic), `${where}: avty without topic`);
    onlyKnown(
      others,
      ["payload_available", "payload_not_available", "value_template"],
      `${where}: avty`,
      must,
    );
  }
}

function onlyKnown(options: Options, known: readonly string[], where: string, must: Must): void {
  const unknown = Object.keys(options).filter((option) => !known.includes(option));
  must(unknown.length === 0, `${where}: unknown ${unknown}`);
}

/**
 * The entities of Home Assistant after these messages.
 * @throws Error for a discovery message that it would reject
 */
export function homeEntities(received: readonly Received[]): readonly HomeEntity[] {
  const found = new Map<string, Map<string, { readonly device: string; readonly config: Options }>>();
  for (const message of received.filter(({ topic }) => topic.startsWith("homeassistant/device/"))) {
    const mistakes = discoveryMistakes(message);
    if (mistakes.length > 0)
      throw new Error(`Home Assistant rejects ${message.topic}: ${mistakes.join("; ")}`);
    if (message.payload === "") found.delete(message.topic);
    else discover(message, found);
  }
  const last = new Map(received.map(({ topic, payload }) => [topic, payload]));
  return [...found.values()].flatMap((entities) =>
    [...entities.values()].map(({ device, config }) => ({
      device,
      name: String(config.name),
      platform: String(config.platform),
      available: isAvailable(config, last),
      state: stateOf(config, last),
      config,
    })),
  );
}

function discover(
  { topic, payload }: Received,
  found: Map<string, Map<string, { readonly device: string; readonly config: Options }>>,
): void {
  const { device, components, availability, availability_mode } = expand(JSON.parse(payload));
  const entities = found.get(topic) ?? new Map();
  found.set(topic, entities);
  for (const [key, component] of Object.entries(asOptions(components))) {
    const own = expand(component);
    // This removes the entity. An entity that is only omitted from a later message stays.
    if (Object.keys(own).length === 1) entities.delete(key);
    else
      entities.set(key, {
        device: String(expand(device).name),
        config: { availability, availability_mode, ...own },
      });
  }
}

function isAvailable(
  { availability, availability_mode: mode }: Options,
  last: ReadonlyMap<string, string>,
): boolean {
  const sources = (availability as unknown[]).map(expand);
  const there = sources.map(({ topic, value_template, payload_available = "online" }) => {
    const payload = last.get(String(topic));
    return payload !== undefined && render(value_template, payload) === payload_available;
  });
  return mode === "all" ? there.every(Boolean) : there.some(Boolean);
}

function stateOf(config: Options, last: ReadonlyMap<string, string>): string | undefined {
  const payload = last.get(String(config.state_topic ?? config.image_topic));
  if (payload === undefined) return undefined;
  if (config.platform === "image") return payload === "" ? undefined : "a snapshot";
  const value = render(config.value_template, payload);
  if (config.platform === "sensor") return value;
  const { payload_on = "ON", payload_off = "OFF" } = config;
  return value === payload_on ? "on" : value === payload_off ? "off" : undefined;
}

/** Renders the Jinja that discovery messages use: `{{ value_json.a["b"].c }}` and a comparison. */
function render(template: unknown, payload: string): string {
  if (template === undefined) return payload;
  const path = /^\{\{ value_json((?:\.\w+|\["[^"]*"\])+) \}\}$/.exec(String(template))?.[1];
  if (path !== undefined) {
    const steps = [...path.matchAll(/\.(\w+)|\["([^"]*)"\]/g)].map(
      ([, name, quoted]) => name ?? quoted ?? "",
    );
    return String(steps.reduce<unknown>((at, step) => asOptions(at)[step], JSON.parse(payload)));
  }
  const choice = /^\{\{ '(\w+)' if value (\| int\(0\) > 0|== '(\w+)') else '(\w+)' \}\}$/.exec(
    String(template),
  );
  if (choice === null) throw new Error(`unsupported template ${template}`);
  const [, then, , compared, otherwise] = choice;
  const holds = compared === undefined ? Number.parseInt(payload, 10) > 0 : payload === compared;
  return String(holds ? then : otherwise);
}

function expand(value: unknown): Options {
  return Object.fromEntries(
    Object.entries(asOptions(value)).map(([key, option]) => [ABBREVIATIONS[key] ?? key, option]),
  );
}

function asOptions(value: unknown): Options {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
