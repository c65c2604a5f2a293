import { describe, expect, test } from "vitest";
import { OPCODES } from "../../../../../../detectors/compiler/import/checkpoint/pickle-opcodes.ts";
import { openTorchArchive } from "../../../../../../detectors/compiler/import/checkpoint/torch-archive.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { seeded } from "../../../../../support/base/seeded.ts";
import { from, type SyntheticYolov5, writeCheckpoint } from "../../../../../support/models/checkpoint.ts";
import { importCheckpoint } from "../../../../../support/models/import-detector.ts";
import { bytesOf, call, dict, global, type Py, pickle } from "../../../../../support/models/pickler.ts";
import { storedZip, type ZipEntry } from "../../../../../support/models/stored-zip.ts";
import { torchModule, torchWriter } from "../../../../../support/models/torch-checkpoint.ts";
import { rejection } from "../rejection.ts";

const SIZE = { width: 32, height: 32 };
const whole = writeCheckpoint();

function sequence(modules: Readonly<Record<string, Py>>): Py {
  return torchModule("torch.nn.modules.container.Sequential", { modules });
}

function tryImport(bytes: Uint8Array): Promise<unknown> {
  return importCheckpoint(bytes, { name: "hostile", size: SIZE });
}

describe("the archive of a checkpoint", () => {
  test("contains the pickle and the storages, whatever the name of its folder", async () => {
    const writer = torchWriter();
    writer.tensor(Float32Array.of(1, 2), [2]);
    const archive = await openTorchArchive(writer.save(null, { name: "best v2", byteOrder: "little" }));
    expect(archive.pickle).toEqual(pickle(null));
    expect(new Uint8Array(archive.storage("0"))).toEqual(new Uint8Array(Float32Array.of(1, 2).buffer));
    expect(() => archive.storage("1")).toThrow(/storage "1", which is missing/);
  });

  test("is distinguished from the format before torch 1.6, which can be saved again", async () => {
    const error = await rejection(tryImport(Buffer.from("80028a0a6cfc9c46f9206aa85019", "hex")));
    expect(error.message).toContain("before version 1.6");
    expect(error.remedy).toContain("torch.save(torch.load(");
  });

  test("is distinguished from TorchScript", async () => {
    const bytes = torchWriter().save(null, { extraEntries: [["archive/constants.pkl", pickle(null)]] });
    const error = await rejection(tryImport(bytes));
    expect(error.message).toContain("TorchScript");
  });

  test("is distinguished from TorchScript also where that is compressed", async () => {
    const code: ZipEntry = ["archive/code/__torch__.py", new Uint8Array(9), { method: 8 }];
    const constants: ZipEntry = ["archive/constants.pkl", pickle(null)];
    const bytes = torchWriter().save(null, { extraEntries: [code, constants] });
    expect((await rejection(tryImport(bytes))).message).toContain("TorchScript");
  });

  test.each<[what: string, names: readonly string[], message: RegExp, remedy: RegExp]>([
    [
      "Keras",
      ["metadata.json", "config.json", "model.weights.h5"],
      /a Keras model \(\.keras\)/,
      /format="onnx"/,
    ],
    ["NumPy", ["weights.npy", "bias.npy"], /arrays of NumPy/, /Export the model/],
    [
      "a packed model",
      ["README", "sub/best.onnx"],
      /a zip archive around the model "sub\/best\.onnx"/,
      /Unpack/,
    ],
    ["a document", ["a", "b", "c", "d", "e", "f"], /it holds "a", "b", "c", "d", "e" and 1 more/, /\.onnx/],
  ])("is distinguished from an archive of %s", async (_, names, message, remedy) => {
    const bytes = storedZip(names.map((name): ZipEntry => [name, Uint8Array.of(1)]));
    const error = await rejection(tryImport(bytes));
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
  });

  test("is distinguished from other pickles of Python", async () => {
    const error = await rejection(tryImport(pickle(null)));
    expect(error.message).toContain("a Python pickle, but no checkpoint of torch");
  });

  test.each<[string, RegExp, Uint8Array]>([
    ["is an image", /not a torch checkpoint/, Uint8Array.of(0xff, 0xd8, 0xff)],
    ["is empty", /not a torch checkpoint/, new Uint8Array()],
    [
      "is another zip archive",
      /no checkpoint of torch: it holds "some\/other\/data.pkl"/,
      torchWriter().save(null, { name: "some/other" }),
    ],
    ["is big-endian", /"big"-endian/, torchWriter().save(null, { byteOrder: "big" })],
    [
      "has an encrypted entry",
      /encrypted/,
      torchWriter().save("secret", { pickleEntry: { flags: 1, uncompressedBytes: 2 } }),
    ],
    ["has a compressed entry", /compressed/, torchWriter().save(null, { pickleEntry: { method: 8 } })],
    [
      "has a wrong checksum",
      /checksum of its entry "archive\/data.pkl"/,
      torchWriter().save(null, { pickleEntry: { crc: 7 } }),
    ],
    [
      "has an entry twice",
      /two entries/,
      torchWriter().save(null, { extraEntries: [["archive/data.pkl", pickle(1)]] }),
    ],
    [
      "has an entry outside the archive's folder",
      /\.\./,
      torchWriter().save(null, { extraEntries: [["../../etc/passwd", pickle(1)]] }),
    ],
  ])("is refused when it %s", async (_what, message, bytes) => {
    expect((await rejection(tryImport(bytes))).message).toMatch(message);
  });
});

describe("a damaged checkpoint", () => {
  test("causes a ModelError wherever it is truncated", async () => {
    for (let length = 0; length < whole.length; length += 997) {
      await rejection(tryImport(whole.subarray(0, length)));
    }
  });

  test("causes a ModelError when one byte of a weight is changed", async () => {
    const altered = whole.slice();
    const at = Math.floor(whole.length / 2);
    altered[at] = (altered[at] ?? 0) ^ 0x10;
    await rejection(tryImport(altered));
  });

  test("never crashes the importer, whichever bytes of its pickle are changed", async () => {
    const network: SyntheticYolov5["network"] = ({ conv, c3, detect }) => [
      from(-1, conv(3, 4, 3, 8)),
      from(-1, c3(4, 4, 1, true)),
      from([1], detect([4], 3, [[[8, 8]]])),
    ];
    const { pickle: original } = await openTorchArchive(writeCheckpoint({ network }));
    const random = seeded(3);
    for (let round = 0; round < 500; round++) {
      const altered = original.slice();
      for (let i = 0; i < 3; i++) altered[Math.floor(random() * altered.length)] = Math.floor(random() * 256);
      try {
        await tryImport(writeCheckpoint({ network, archive: { pickle: altered } }));
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
      }
    }
  });
});

describe("a hostile checkpoint", () => {
  test("is refused for a foreign class anywhere in it, and nothing is run", async () => {
    const error = await rejection(
      tryImport(
        writeCheckpoint({
          modelAttributes: {
            callback: call("posix.system", "touch owned"),
            more: call("builtins.eval", "1"),
            gadget: call("builtins.getattr", global("models.common.Conv"), "__init__"),
          },
        }),
      ),
    );
    expect(error.message).toContain("posix.system, builtins.eval, builtins.getattr");
  });

  test("is refused when a layer contains itself", async () => {
    const MEMO_INDEX = 7;
    const itself: Py = { kind: "raw", bytes: [OPCODES.BINGET, MEMO_INDEX] };
    const state = dict({
      f: -1,
      i: 0,
      _parameters: new Map(),
      _buffers: new Map(),
      _modules: dict({ 0: itself }),
    });
    const endless: Py = {
      kind: "raw",
      bytes: [
        ...bytesOf(global("torch.nn.modules.container.Sequential")),
        ...[OPCODES.EMPTY_TUPLE, OPCODES.NEWOBJ, OPCODES.BINPUT, MEMO_INDEX],
        ...bytesOf(state),
        OPCODES.BUILD,
      ],
    };
    const error = await rejection(
      tryImport(writeCheckpoint({ network: () => [from(-1, sequence({ 0: endless }))] })),
    );
    expect(error.message).toContain("nested deeper");
  });

  test("is refused when shared layers multiply to millions of layers", async () => {
    let layer = torchModule("torch.nn.modules.linear.Identity");
    const recall = (index: number): Py => ({ kind: "raw", bytes: [OPCODES.BINGET, index] });
    const memoise = (value: Py, index: number): Py => ({
      kind: "raw",
      bytes: [...bytesOf(value), OPCODES.BINPUT, index],
    });
    for (let level = 0; level < 15; level++) {
      const first = memoise(layer, level);
      const copies = Object.fromEntries([first, ...Array.from({ length: 9 }, () => recall(level))].entries());
      layer = sequence(copies);
    }
    const error = await rejection(tryImport(writeCheckpoint({ network: () => [from(-1, layer)] })));
    expect(error.message).toContain("or there are more than");
  });

  test("is refused when a thousand layers share one large storage", async () => {
    const network: SyntheticYolov5["network"] = ({ conv2d, detect }) => {
      const shared = conv2d(32, 32, 3, 1, 1);
      const first = conv2d(3, 32, 3, 8, 1);
      const rest = Array.from({ length: 1000 }, () => from(-1, shared));
      return [from(-1, first), ...rest, from([-1], detect([32], 3, [[[8, 8]]]))];
    };
    const error = await rejection(tryImport(writeCheckpoint({ network })));
    expect(error.message).toContain("share their weights");
  });

  test("does not change Object.prototype", async () => {
    const modelAttributes = Object.fromEntries([["__proto__", dict({ polluted: true })]]);
    const bytes = writeCheckpoint({ modelAttributes, classes: 1, names: ["__proto__"] });
    const model = await importCheckpoint(bytes, { name: "__proto__", size: SIZE });
    expect(model.labels).toEqual(["__proto__"]);
    expect({}).not.toHaveProperty("polluted");
  });
});
