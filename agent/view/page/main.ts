import { type CameraTile, cameraTile } from "./camera-tile.ts";
import { openEditor } from "./editor.ts";
import { byId, element } from "./element.ts";
import { eventList } from "./event-list.ts";
import { followAgent } from "./follow-agent.ts";
import { healthPanel } from "./health-panel.ts";
import { LAYERS, type Layer } from "./overlay.ts";
import type { Greeting, LiveMessage } from "./protocol.ts";

const link = byId("link", HTMLElement);
const cameras = byId("cameras", HTMLElement);
const events = eventList(byId("events", HTMLElement));
const health = healthPanel(byId("health", HTMLElement));
const pages = { live: byId("live", HTMLElement), editor: byId("editor", HTMLElement) };

let tiles = new Map<string, CameraTile>();
const layers = new Set<Layer>(["objects", "trails", "zones", "motion"]);

/** Rebuilds the page after each connection: the agent may have been restarted with another configuration. */
function showGreeting(greeting: Greeting): void {
  for (const tile of tiles.values()) tile.remove();
  tiles = new Map(greeting.cameras.map((setup) => [setup.name, cameraTile(setup, layers)]));
  cameras.classList.toggle("many", tiles.size > 4);
  cameras.replaceChildren(...[...tiles.values()].map(({ figure }) => figure));
  for (const tile of tiles.values()) tile.begin();
  events.clear();
  health.showGreeting(greeting);
  // An open editor keeps its drawing.
  if (pages.editor.hidden) openEditor(pages.editor, greeting.cameras);
}

function onMessage(message: LiveMessage): void {
  switch (message.type) {
    case "greeting":
      showGreeting(message);
      break;
    case "sight":
      tiles.get(message.camera)?.showSight(message);
      break;
    case "event":
      events.show(message);
      break;
    case "health":
      for (const camera of message.cameras) tiles.get(camera.name)?.showHealth(camera);
      health.showHealth(message);
  }
}

function layerSwitch(layer: Layer): HTMLElement {
  const box = element("input", { type: "checkbox", name: layer });
  box.checked = layers.has(layer);
  box.addEventListener("change", () => {
    if (box.checked) layers.add(layer);
    else layers.delete(layer);
    for (const tile of tiles.values()) tile.draw();
  });
  return element("label", {}, [box, document.createTextNode(LAYERS[layer])]);
}
byId("layers", HTMLElement).append(...(Object.keys(LAYERS) as Layer[]).map(layerSwitch));

for (const [name, page] of Object.entries(pages)) {
  const button = byId(`show-${name}`, HTMLButtonElement);
  button.addEventListener("click", () => {
    for (const [other, hidden] of Object.entries(pages)) {
      hidden.hidden = hidden !== page;
      byId(`show-${other}`, HTMLButtonElement).setAttribute("aria-pressed", String(hidden === page));
    }
  });
}

followAgent({
  onMessage,
  onConnected(connected) {
    link.textContent = connected ? "Connected" : "Disconnected, reconnecting …";
    link.dataset.state = connected ? "good" : "bad";
  },
});
