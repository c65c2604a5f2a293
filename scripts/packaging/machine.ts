/** An architecture, by Debian's and npm's names. */
export interface Machine {
  readonly debian: "amd64" | "arm64";
  readonly npm: "x64" | "arm64";
}

/** The architectures that have a package. The packages need glibc: Debian and its derivatives. */
export const MACHINES: readonly Machine[] = [
  { debian: "amd64", npm: "x64" },
  { debian: "arm64", npm: "arm64" },
];
