/** Lengths are in units of the drawing. */
const WIDTH = 960;
const MARGIN = 32;
const GUTTER = 48;
const COLUMNS = 2;
const HEADER = 92;
const FOOTER = 46;
const PANEL_TITLE = 36;
const BAR = 20;
const PITCH = 29;
const PANEL_GAP = 26;
/** Width of a figure, between the longest bar and its note. */
const FIGURE = 48;
const PANEL = (WIDTH - 2 * MARGIN - GUTTER) / COLUMNS;

/** Colours of the bars, the same in all charts. */
export const COLOUR = {
  ours: { i8: "#05646a", i16: "#0b868a", "f32-relaxed": "#27a8a0", f32: "#76c9bd" },
  web: "#e0853d",
  webLighter: "#f0bd92",
  native: "#a3aebb",
  nativeLighter: "#cbd3db",
  decoding: "#5b6b7d",
} as const;

const PAPER = "#ffffff";
const EDGE = "#e3e7ec";
const INK = "#1d2733";
const QUIET = "#68778a";
const TRACK = "#f2f4f7";

/** The bar of one contestant. */
export interface Bar {
  readonly label: string;
  readonly colour: string;
  readonly isOurs: boolean;
  /** Its length, in the unit of its panel. */
  readonly value: number;
  readonly figure: string;
  /** A few characters after the figure. */
  readonly note: string;
}

export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  /** Drawn in two columns. */
  readonly panels: readonly Panel[];
  /** Widths of the labels and of the notes. */
  readonly labelWidth: number;
  readonly noteWidth: number;
  readonly footnote: string;
}

/** Label and colour of our bar, by variant. */
export function ourLook(variant: string): Pick<Bar, "label" | "colour"> {
  const colour = Object.entries(COLOUR.ours).find(([ours]) => ours === variant)?.[1] ?? COLOUR.ours.f32;
  return { label: variant === "f32-relaxed" ? "Sabrewing f32, FMA" : `Sabrewing ${variant}`, colour };
}

/** Draws panels of horizontal bars, each panel with its own scale. @returns an SVG document */
export function barChart({ title, subtitle, panels, labelWidth, noteWidth, footnote }: Chart): string {
  const most = Math.max(1, ...panels.map(({ bars }) => bars.length));
  const panelHeight = PANEL_TITLE + most * PITCH + PANEL_GAP;
  const height = HEADER + Math.ceil(panels.length / COLUMNS) * panelHeight + FOOTER;
  const drawn = panels.map((panel, index) => {
    const x = MARGIN + (index % COLUMNS) * (PANEL + GUTTER);
    const y = HEADER + Math.floor(index / COLUMNS) * panelHeight;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, labelWidth, noteWidth)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="Inter, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif">`,
    `<title>${escaped(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="12" fill="${PAPER}" stroke="${EDGE}"/>`,
    text(MARGIN, 45, title, { size: 23, weight: 700 }),
    text(MARGIN, 69, subtitle, { size: 13.5, colour: QUIET }),
    ...drawn,
    text(MARGIN, height - 22, footnote, { size: 12, colour: QUIET }),
    "</svg>\n",
  ].join("\n");
}

function drawPanel({ title, bars }: Panel, labelWidth: number, noteWidth: number): string {
  const room = PANEL - labelWidth - FIGURE - noteWidth;
  const longest = Math.max(...bars.map(({ value }) => value));
  const lines = bars.map(({ label, colour, isOurs, value, figure, note }, index) => {
    const y = PANEL_TITLE + index * PITCH;
    const baseline = y + BAR / 2 + 4.5;
    const length = Math.max(3, (value / longest) * room);
    return [
      text(0, baseline, label, { size: 13, weight: isOurs ? 600 : 400 }),
      `<rect x="${labelWidth}" y="${y}" width="${round(room)}" height="${BAR}" rx="4" fill="${TRACK}"/>`,
      `<rect x="${labelWidth}" y="${y}" width="${round(length)}" height="${BAR}" rx="4" fill="${colour}"/>`,
      text(PANEL - noteWidth, baseline, figure, { size: 13, weight: 700, anchor: "end" }),
      text(PANEL, baseline, note, { size: 13, colour: QUIET, anchor: "end" }),
    ].join("");
  });
  return [text(0, 18, title, { size: 16, weight: 700 }), ...lines].join("\n");
}

interface TextLook {
  readonly size: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly anchor?: "end";
}

function text(x: number, y: number, words: string, look: TextLook): string {
  const { size, weight = 400, colour = INK, anchor } = look;
  const end = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" fill="${colour}"${end}>${escaped(words)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
