/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const NODE_OP_TYPE = 4;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE_GRAPH = 6;

/** An ONNX file of `If` nodes inside one another: a reader that descends into subgraphs exhausts its stack. */
export function nestedSubgraphs(depth: number): Uint8Array {
  let fields: Uint8Array[] = [];
  let bytes = 0;
  // Outermost last: every level needs the length of what is inside.
  const enclose = (field: number, before: Uint8Array = new Uint8Array()): void => {
    const header = Uint8Array.of((field << 3) | 2, ...varint(bytes + before.length));
    fields.push(before, header);
    bytes += before.length + header.length;
  };
  const operator = Uint8Array.of((NODE_OP_TYPE << 3) | 2, 2, ...Buffer.from("If"));
  for (let level = 0; level < depth; level++) {
    enclose(GRAPH_NODE, operator);
    enclose(ATTRIBUTE_GRAPH);
    enclose(NODE_ATTRIBUTE);
  }
  enclose(GRAPH_NODE, operator);
  enclose(MODEL_GRAPH);
  fields = fields.reverse();
  return Buffer.concat(fields);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}
