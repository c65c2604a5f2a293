import { type EnlargeAttributes, inferEnlarged } from "./enlarge.ts";
import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import { elements, mapSize, tensorAt } from "./shapes.ts";

/**
 * TensorFlow ResizeBilinear with align_corners and half_pixel_centers off, by an integer factor: output pixel (y, x)
 * interpolates between the four neighbours of (y, x) / factor. Beyond the edge the last pixel repeats.
 */
export const resizeBilinear: OperatorDefinition<EnlargeAttributes> = {
  ...FLOAT_MAP_FACTS,
  stride: ({ factor }) => 1 / factor,
  infer: (inputs, attributes) => inferEnlarged(inputs, attributes, ["f32"]),
  reference(inputs, { factor }) {
    const x = tensorAt(inputs, 0);
    const [height, width, channels] = mapSize(x);
    const shape = [height * factor, width * factor, channels];
    const data = new Float32Array(elements(shape));
    const pixel = (row: number, column: number, channel: number): number => {
      const at = Math.min(row, height - 1) * width + Math.min(column, width - 1);
      return x.data[at * channels + channel] ?? 0;
    };
    let at = 0;
    for (let y = 0; y < height * factor; y++) {
      for (let column = 0; column < width * factor; column++) {
        const top = Math.floor(y / factor);
        const left = Math.floor(column / factor);
        const down = y / factor - top;
        const right = column / factor - left;
        for (let channel = 0; channel < channels; channel++) {
          const above = pixel(top, left, channel) * (1 - right) + pixel(top, left + 1, channel) * right;
          const below =
            pixel(top + 1, left, channel) * (1 - right) + pixel(top + 1, left + 1, channel) * right;
          data[at++] = above * (1 - down) + below * down;
        }
      }
    }
    return { shape, data };
  },
};
