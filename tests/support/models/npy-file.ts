/** A file as numpy.save writes it. @param descr NumPy's name of the type, `<f4` */
export function npyFile(
  descr: string,
  shape: readonly number[],
  { buffer, byteOffset, byteLength }: ArrayBufferView,
  { version = 1, fortran = false }: { readonly version?: 1 | 2; readonly fortran?: boolean } = {},
): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const order = fortran ? "True" : "False";
  const dictionary = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${tuple}, }`;
  const start = version === 1 ? 10 : 12;
  const header = dictionary
    .padEnd(Math.ceil((start + dictionary.length + 1) / 64) * 64 - start - 1)
    .concat("\n");
  const length = Buffer.alloc(start - 8);
  length.writeUIntLE(header.length, 0, length.length);
  return Buffer.concat([
    Uint8Array.of(0x93),
    Buffer.from("NUMPY"),
    Uint8Array.of(version, 0),
    length,
    Buffer.from(header),
    new Uint8Array(buffer, byteOffset, byteLength),
  ]);
}
