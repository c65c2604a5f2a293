import { z } from "zod";
import { HOST_NAME } from "../base/named-host.ts";

/** Host names that a server answers to, besides those that it knows by itself. */
export const AllowedHostsSchema = z
  .array(
    z.string().regex(HOST_NAME, {
      error: "a host name such as camera.example: without http://, port, path or *",
    }),
  )
  .default([]);
