import { z } from "zod";
import { withLowerCaseScheme } from "../base/address.ts";
import { streamAddressMistake } from "../base/address-mistake.ts";
import { HardwareArgsSchema } from "./hardware-schema.ts";

function expectedAddress(address: unknown): string | undefined {
  const mistake = streamAddressMistake(String(address));
  if (mistake === undefined) return undefined;
  const { expected, remedy, isInLogin } = mistake;
  return `${expected} (${remedy}${isInLogin ? ', or put them in as "{NAME}"' : ""})`;
}

const InputSchema = z.strictObject({
  path: z
    .string()
    .regex(/^[Rr][Tt][Ss][Pp][Ss]?:\/\/[^\s]+$/, {
      error: ({ input }) => expectedAddress(input),
      abort: true,
    })
    .refine((address) => streamAddressMistake(address) === undefined, {
      error: ({ input }) => expectedAddress(input),
    })
    .overwrite(withLowerCaseScheme)
    .describe("Address of the stream."),
  transport: z
    .enum(["auto", "tcp", "udp"])
    .default("auto")
    .describe("How the camera sends its data; auto: TCP, or UDP if the camera refuses TCP or sends nothing."),
  roles: z
    .array(z.enum(["detect", "record", "audio"]), { error: "a list of roles, such as [detect]" })
    .optional()
    .describe("Only if there are several inputs: detect marks the one that is read; the others are ignored."),
});

/** The stream for detection: the only input, or the one with the role `detect`. The program sees no other. */
const InputsSchema = z
  .array(InputSchema, { error: "a list of inputs" })
  .min(1, { error: "at least one input: the stream for detection" })
  .transform((inputs, context): [Omit<z.output<typeof InputSchema>, "roles">] => {
    const [first] = inputs;
    const forDetection =
      inputs.length === 1 ? inputs : inputs.filter(({ roles }) => roles?.includes("detect"));
    const [only] = forDetection;
    if (first === undefined || only === undefined || forDetection.length > 1) {
      context.addIssue({
        code: "custom",
        params: { isKey: true },
        message: `of several inputs, exactly one must have roles: [detect]; ${forDetection.length} have it`,
      });
      return z.NEVER;
    }
    const { roles: _, ...input } = only;
    return [input];
  })
  .describe("The camera's streams; Sabrewing reads one, preferably the small substream.");

const common = {
  hwaccel_args: HardwareArgsSchema,
  retry_interval: z
    .number()
    .min(1)
    .max(3600)
    .default(10)
    .describe("Longest delay between two attempts to reopen a stream, seconds."),
  frozen_after: z
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .describe("Seconds of identical frames after which a camera counts as frozen; 0: never."),
};

export const FfmpegSchema = z
  .strictObject({ inputs: InputsSchema, ...common })
  .describe("The camera's stream.");

/** The settings of streams that cameras may have in common. */
export const CommonFfmpegSchema = z.strictObject(common);
