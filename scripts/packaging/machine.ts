/** A kind of machine that a package is made for, in the words of Debian and of npm. */
export interface Machine {
  readonly debian: "amd64" | "arm64";
  readonly npm: "x64" | "arm64";
}

/** Everything that packages are made for. Both have glibc: Debian and its children. */
export const MACHINES: readonly Machine[] = [
  { debian: "amd64", npm: "x64" },
  { debian: "arm64", npm: "arm64" },
];
