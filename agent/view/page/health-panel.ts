import { durationText } from "./duration-text.ts";
import { element } from "./element.ts";
import type { Greeting, Health } from "./protocol.ts";

/** Shows the agent's health. */
export function healthPanel(panel: HTMLElement): {
  showGreeting(greeting: Greeting): void;
  showHealth(health: Health): void;
} {
  const model = element("p", { class: "details" });
  const agent = element("dl", { class: "figures-list" });
  const cameras = element("table", {});
  panel.replaceChildren(agent, cameras, model);
  return {
    showGreeting({ version, model: name, precision, runtime, licence }) {
      model.textContent = `Sabrewing ${version}, ${name} (${precision}, ${runtime}, ${licence})`;
    },
    showHealth(health) {
      const { broker, detector } = health;
      const queue = broker.waiting === 0 ? "" : `, ${broker.waiting} waiting`;
      const faults = detector.faults === 0 ? "none" : `${detector.faults} (${detector.restarts} restarts)`;
      agent.replaceChildren(
        ...figure("Detector", `${detector.inferenceMs} ms per pass`),
        ...figure("Faults", faults, detector.faults === 0),
        ...figure("Broker", (broker.connected ? "connected" : "disconnected") + queue, broker.connected),
        ...figure("Memory", `${health.memoryMb} MB`),
        ...figure("Uptime", durationText(health.uptimeSeconds * 1000)),
      );
      const head = ["Camera", "Frames/s", "Dropped/s", "Passes/s"];
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
  const frames = cameraFps < expectedFps ? `${cameraFps} (needs ${expectedFps})` : String(cameraFps);
  const cells = online ? [frames, String(skippedFps), String(detectionFps)] : ["Offline", "", ""];
  return element("tr", {}, [
    element("th", { scope: "row", text: name }),
    ...cells.map((text) => element("td", { text })),
  ]);
}

function figure(name: string, value: string, isGood = true): readonly Node[] {
  return [element("dt", { text: name }), element("dd", { text: value, class: isGood ? "" : "bad" })];
}
