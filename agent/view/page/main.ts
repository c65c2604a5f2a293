import { type CameraPage, openCameraPage } from "./camera-page.ts";
import { type CameraTile, cameraTile } from "./camera-tile.ts";
import { openEditor } from "./editor.ts";
import { byId, element } from "./element.ts";
import { eventList, MOST_EVENTS } from "./event-list.ts";
import { followAgent } from "./follow-agent.ts";
import { healthPanel } from "./health-panel.ts";
import { historyPage } from "./history.ts";
import { LAYERS, type Layer } from "./overlay.ts";
import type { CameraHealth, EventSummary, Greeting, LiveMessage } from "./protocol.ts";

const link = byId("link", HTMLElement);
const cameras = byId("cameras", HTMLElement);
const events = eventList(byId("events", HTMLElement));
const health = healthPanel(byId("health", HTMLElement));
const pages = {
  live: byId("live", HTMLElement),
  history: byId("history", HTMLElement),
  camera: byId("camera", HTMLElement),
  editor: byId("editor", HTMLElement),
};
const history = historyPage(pages.history);

let tiles = new Map<string, CameraTile>();
let setups: Greeting["cameras"] = [];
let ownPage: CameraPage | undefined;
const latestEvents = new Map<string, EventSummary>();
const latestHealth = new Map<string, CameraHealth>();
const layers = new Set<Layer>(["objects", "trails", "zones", "motion"]);

/** Rebuilds the page after each connection: the agent may have been restarted with another configuration. */
function showGreeting(greeting: Greeting): void {
  for (const tile of tiles.values()) tile.remove();
  tiles = new Map(greeting.cameras.map((setup) => [setup.name, cameraTile(setup, layers)]));
  cameras.classList.toggle("many", tiles.size > 4);
  cameras.replaceChildren(...[...tiles.values()].map(({ figure }) => figure));
  for (const tile of tiles.values()) tile.begin();
  events.clear();
  latestEvents.clear();
  health.showGreeting(greeting);
  history.setCameras(greeting.cameras.map(({ name }) => name));
  setups = greeting.cameras;
  ownPage?.remove();
  ownPage = undefined;
  followAddress();
  // An open editor keeps its drawing.
  if (pages.editor.hidden) openEditor(pages.editor, greeting);
}

function onMessage(message: LiveMessage): void {
  switch (message.type) {
    case "greeting":
      showGreeting(message);
      break;
    case "sight":
      tiles.get(message.camera)?.showSight(message);
      if (ownPage?.camera === message.camera) ownPage.showSight(message);
      break;
    case "event":
      events.show(message);
      keepEvent(message);
      history.showEvent(message);
      if (ownPage?.camera === message.camera) ownPage.showEvent(message);
      break;
    case "health":
      for (const camera of message.cameras) {
        latestHealth.set(camera.name, camera);
        tiles.get(camera.name)?.showHealth(camera);
        if (ownPage?.camera === camera.name) ownPage.showHealth(camera);
      }
      health.showHealth(message);
  }
}

function keepEvent(event: EventSummary): void {
  latestEvents.set(event.id, event);
  const [oldest] = latestEvents.keys();
  if (latestEvents.size > MOST_EVENTS && oldest !== undefined) latestEvents.delete(oldest);
}

/** Opens the page of the camera that the address names: `#camera/door`. */
function followAddress(): void {
  const [, name] = /^#camera\/(.+)$/.exec(location.hash) ?? [];
  const setup = setups.find((camera) => camera.name === name);
  if (setup === undefined) return;
  if (ownPage?.camera !== name) {
    ownPage?.remove();
    ownPage = openCameraPage(pages.camera, setup, layers);
    for (const event of latestEvents.values()) if (event.camera === name) ownPage.showEvent(event);
    const known = latestHealth.get(setup.name);
    if (known !== undefined) ownPage.showHealth(known);
  }
  const button = byId("show-camera", HTMLButtonElement);
  button.hidden = false;
  button.click();
  scrollTo({ top: 0 });
}
addEventListener("hashchange", followAddress);

function layerSwitch(layer: Layer): HTMLElement {
  const box = element("input", { type: "checkbox", name: layer });
  box.checked = layers.has(layer);
  box.addEventListener("change", () => {
    if (box.checked) layers.add(layer);
    else layers.delete(layer);
    for (const tile of tiles.values()) tile.draw();
    ownPage?.draw();
  });
  return element("label", {}, [box, document.createTextNode(LAYERS[layer])]);
}
byId("layers", HTMLElement).append(...(Object.keys(LAYERS) as Layer[]).map(layerSwitch));

for (const [name, page] of Object.entries(pages)) {
  const button = byId(`show-${name}`, HTMLButtonElement);
  button.addEventListener("click", () => {
    if (page !== pages.camera && location.hash !== "")
      window.history.replaceState(null, "", location.pathname);
    for (const [other, hidden] of Object.entries(pages)) {
      hidden.hidden = hidden !== page;
      byId(`show-${other}`, HTMLButtonElement).setAttribute("aria-pressed", String(hidden === page));
    }
    if (page === pages.history) history.show();
  });
}

followAgent({
  onMessage,
  onConnected(connected) {
    link.textContent = connected ? "Connected" : "Disconnected, reconnecting …";
    link.dataset.state = connected ? "good" : "bad";
  },
});
