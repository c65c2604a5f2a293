/** How the written configuration differs from Frigate's. */
export interface Remark {
  /** `dropped`: has no counterpart. `changed`: has another notation or value. `todo`: the user must do something. */
  readonly kind: "dropped" | "changed" | "todo";
  /** The key in Frigate's file, for example `cameras.front.zones.porch`; a file or variable for `todo`. */
  readonly key: string;
  readonly text: string;
}

/** Collects remarks, each once. */
export interface Remarks {
  add(kind: Remark["kind"], key: string, text: string): void;
  all(): readonly Remark[];
}

export function collectRemarks(): Remarks {
  const remarks = new Map<string, Remark>();
  return {
    add: (kind, key, text) => void remarks.set([kind, key, text].join("\n"), { kind, key, text }),
    all: () => [...remarks.values()],
  };
}

const TITLES = [
  ["changed", "Changed:"],
  ["dropped", "Not carried over:"],
  ["todo", "To do:"],
] as const;

/** The remarks by kind. Keys with the same text share a line. */
export function remarkLines(remarks: readonly Remark[]): readonly string[] {
  return TITLES.flatMap(([kind, title]) => {
    const keysByText = Map.groupBy(
      remarks.filter((remark) => remark.kind === kind),
      ({ text }) => text,
    );
    if (keysByText.size === 0) return [];
    const lines = [...keysByText].map(([text, same]) => {
      return `  ${same.map(({ key }) => key).join(", ")}: ${text}`;
    });
    return [title, ...lines];
  });
}
