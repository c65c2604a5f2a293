import { element } from "./element.ts";
import type { EventCount } from "./history-protocol.ts";
import type { HistoryFilter } from "./history-requests.ts";

/** The fields that restrict the events. */
export interface HistoryFilters {
  readonly fields: HTMLElement;
  show(
    filter: HistoryFilter,
    choices: { readonly cameras: readonly string[]; readonly counts: readonly EventCount[] },
  ): void;
}

const FIELDS = { camera: "Camera", label: "Label", zone: "Zone" } as const;
type Field = keyof typeof FIELDS;

/** Fields for camera, label and zone. Choices are what the history contains. */
export function historyFilters(change: (changed: HistoryFilter) => void): HistoryFilters {
  const selects = new Map<Field, HTMLSelectElement>();
  const names = Object.keys(FIELDS) as Field[];
  const labels = names.map((field) => {
    const select = element("select", { id: `history-${field}` });
    select.addEventListener("change", () =>
      change({ [field]: select.value === "" ? undefined : select.value }),
    );
    selects.set(field, select);
    const label = element("label", { for: select.id, text: FIELDS[field] });
    return element("div", { class: "filter" }, [label, select]);
  });
  return {
    fields: element("div", { class: "filters", role: "group", "aria-label": "Filter" }, labels),
    show(filter, { cameras, counts }) {
      const choices = {
        camera: cameras,
        label: counts.map(({ label }) => label),
        zone: counts.flatMap(({ zones }) => zones),
      };
      for (const [field, select] of selects) {
        const chosen = filter[field];
        // A filter stays visible, even if no event matches any more.
        const values = new Set([...choices[field], ...(chosen === undefined ? [] : [chosen])]);
        select.replaceChildren(
          element("option", { value: "", text: "All" }),
          ...[...values].toSorted().map((value) => element("option", { value, text: value })),
        );
        select.value = chosen ?? "";
        select.classList.toggle("restricts", chosen !== undefined);
      }
    },
  };
}
