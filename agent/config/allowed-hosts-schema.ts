import { z } from "zod";
import { HOST_NAME } from "../base/named-host.ts";

/** Additional host names that a server accepts in requests. */
export const AllowedHostsSchema = z
  .array(
    z.string().regex(HOST_NAME, {
      error: "a host name such as camera.example: without http://, port, path or *",
    }),
  )
  .default([]);
