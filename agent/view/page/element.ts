/** Attributes of an element; `text` becomes its content. */
export interface Attributes {
  readonly class?: string;
  readonly text?: string;
  readonly [name: `aria-${string}`]: string;
  readonly [name: string]: string | undefined;
}

/** Creates an HTML element. Text is set as text, so the name of a camera cannot become markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { text, ...attributes }: Attributes = {},
  children: readonly Node[] = [],
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** Creates an SVG element. */
export function svgElement<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(made, attributes);
  return made;
}

/** Finds the element with this id. @throws Error if the page does not have it */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`expected #${id} to be a ${kind.name}, received ${found}`);
  return found;
}

/** Sets attributes of an element, if it exists; undefined removes an attribute. */
export function setAttributes(
  to: Element | undefined,
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) to?.removeAttribute(key);
    else to?.setAttribute(key, value);
  }
}
