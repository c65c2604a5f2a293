import type { Machine } from "./machine.ts";

/** The variable fields of a package's control file. */
export interface ControlFields {
  /** `0.1.0` */
  readonly version: string;
  readonly machine: Machine;
  /** Size of its installed files in KiB. */
  readonly installedKib: number;
}

/**
 * Dependencies. ffmpeg depends on the libraries as well; they are listed for the versions that Node and sharp were linked
 * against (objdump -p: GLIBC_2.28, GLIBCXX_3.4.22). The agent supports ffmpeg 5.1 and later (`sabrewing check`).
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
 and runs in a sandbox. It publishes an MQTT event when a person, car or
 animal appears or leaves. Only events leave the device; frames stay on it.
 .
 The package contains the whole program: its own Node.js, its libraries, and
 a detector under a permissive licence (MobileNet, MIT).
`;
}
