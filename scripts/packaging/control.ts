import type { Machine } from "./machine.ts";

/** What a package says of itself beside what is always the same. */
export interface ControlFields {
  /** `0.1.0` */
  readonly version: string;
  readonly machine: Machine;
  /** What its files take once installed, KiB. */
  readonly installedKib: number;
}

/**
 * What must be there besides the package. ffmpeg is all that a machine may lack; the libraries come with it, and are
 * named for the versions that Node and sharp were linked against (objdump -p: GLIBC_2.28, GLIBCXX_3.4.22). The agent
 * speaks to ffmpeg 5.1 and later (`sabrewing check`).
 */
const DEPENDS = "ffmpeg (>= 7:5.1), libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 6)";

/** The file DEBIAN/control (deb-control(5)). */
export function controlFile({ version, machine, installedKib }: ControlFields): string {
  return `Package: sabrewing
Version: ${version}
Architecture: ${machine.debian}
Maintainer: Sabrewing maintainers <maintainers@sabrewing.invalid>
Installed-Size: ${installedKib}
Depends: ${DEPENDS}
Suggests: mosquitto
Section: net
Priority: optional
Description: watches cameras, publishes events over MQTT
 Sabrewing watches RTSP cameras with a detector that is compiled to WebAssembly
 and runs in a sandbox, and tells an MQTT broker when a person, car or animal
 appears and goes: events leave the device, pictures stay on it.
 .
 The package holds all of the program: its own Node.js, its libraries, and a
 detector under a permissive licence (MobileNet, MIT).
`;
}
