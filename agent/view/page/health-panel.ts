import { element } from "./element.ts";
import { lastingWords } from "./event-list.ts";
import type { Greeting, Health } from "./protocol.ts";

/** The agent's figures. */
export function healthPanel(panel: HTMLElement): {
  greet(greeting: Greeting): void;
  hear(health: Health): void;
} {
  const model = element("p", { class: "details" });
  const agent = element("dl", { class: "figures-list" });
  const cameras = element("table", {});
  panel.replaceChildren(agent, cameras, model);
  return {
    greet({ version, model: name, precision, runtime, licence }) {
      model.textContent = `Sabrewing ${version}, ${name} (${precision}, ${runtime}, ${licence})`;
    },
    hear(health) {
      const { broker, detector } = health;
      const queue = broker.waiting === 0 ? "" : `, ${broker.waiting} waiting`;
      const trouble = detector.faults === 0 ? "none" : `${detector.faults} (${detector.restarts} restarts)`;
      agent.replaceChildren(
        ...figure("Detector", `${detector.inferenceMs} ms a look`),
        ...figure("Faults", trouble, detector.faults === 0),
        ...figure("Broker", (broker.connected ? "connected" : "away") + queue, broker.connected),
        ...figure("Memory", `${health.memoryMb} MB`),
        ...figure("Running for", lastingWords(health.uptimeSeconds * 1000)),
      );
      const head = ["Camera", "Frames/s", "Left out/s", "Looks/s"];
      cameras.replaceChildren(
        element("thead", {}, [
          element(
            "tr",
            {},
            head.map((text) => element("th", { scope: "col", text })),
          ),
        ]),
        element("tbody", {}, health.cameras.map(cameraRow)),
      );
    },
  };
}

function cameraRow({
  name,
  online,
  cameraFps,
  expectedFps,
  skippedFps,
  detectionFps,
}: Health["cameras"][number]) {
  const cells = online
    ? [`${cameraFps} of ${expectedFps}`, String(skippedFps), String(detectionFps)]
    : ["off line", "", ""];
  return element("tr", {}, [
    element("th", { scope: "row", text: name }),
    ...cells.map((text) => element("td", { text })),
  ]);
}

function figure(name: string, value: string, isGood = true): readonly Node[] {
  return [element("dt", { text: name }), element("dd", { text: value, class: isGood ? "" : "bad" })];
}
