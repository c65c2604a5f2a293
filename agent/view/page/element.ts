/** What an element is given besides its children: attributes, and `text` for what it says. */
export interface Attributes {
  readonly class?: string;
  readonly text?: string;
  readonly [name: `aria-${string}`]: string;
  readonly [name: string]: string | undefined;
}

/** A new HTML element. Text is set as text: nothing that a camera is called can become markup. */
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

/** A new SVG element. */
export function svgElement<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(made, attributes);
  return made;
}

/** The element with this id, which the page has. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`expected #${id} to be a ${kind.name}, received ${found}`);
  return found;
}

/** Gives an element, where there is one, these attributes; undefined takes one away. */
export function setAttributes(
  to: Element | undefined,
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) to?.removeAttribute(key);
    else to?.setAttribute(key, value);
  }
}
