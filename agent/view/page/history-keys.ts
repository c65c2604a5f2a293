import { element } from "./element.ts";

/** A line that shows which keys do what; hidden on devices without a keyboard. */
export function keyHelp(keys: readonly (readonly [key: string, does: string])[]): HTMLElement {
  const items = keys.map(([key, does]) => {
    return element("span", {}, [element("kbd", { text: key }), document.createTextNode(` ${does}`)]);
  });
  return element("p", { class: "keys" }, items);
}
