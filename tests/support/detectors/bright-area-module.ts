import { type FakeOptions, fakeModule, POISON } from "./fake-modules.ts";

/** The model input: a 4:3 frame of 256×192, scaled down by 4. */
const WIDTH = 64;
const HEIGHT = 48;
const CORNER = 10;

/**
 * A detector module that reports the white area of an image as a person, except in the top left corner. While the corner
 * is white, the module misbehaves.
 */
export function brightAreaModule(misbehaviour: keyof typeof POISON, options: FakeOptions = {}): Uint8Array {
  return fakeModule({
    ...options,
    width: WIDTH,
    height: HEIGHT,
    detects: ({ frame, detections }) => `
  (func $green (param $pixel i32) (result i32)
    (i32.load8_u offset=1 (i32.add (i32.const ${frame}) (i32.mul (local.get $pixel) (i32.const 3)))))

  ;; Stands in for the first byte of an image: the misbehaviour, or one object.
  (func $pixel (param $index i32) (result i32)
    (if (result i32) (i32.gt_u (call $green (i32.const 0)) (i32.const 128))
      (then (i32.const ${POISON[misbehaviour]}))
      (else (i32.const 1))))

  (func $put_detection (param $index i32) (param $score f32) (param $iou f32)
    (local $pixel i32) (local $x i32) (local $y i32)
    (local $left i32) (local $top i32) (local $right i32) (local $bottom i32)
    (local.set $left (i32.const ${WIDTH}))
    (local.set $top (i32.const ${HEIGHT}))
    (loop $next
      (local.set $x (i32.rem_u (local.get $pixel) (i32.const ${WIDTH})))
      (local.set $y (i32.div_u (local.get $pixel) (i32.const ${WIDTH})))
      (if (i32.and
            (i32.gt_u (call $green (local.get $pixel)) (i32.const 180))
            (i32.or (i32.ge_u (local.get $x) (i32.const ${CORNER})) (i32.ge_u (local.get $y) (i32.const ${CORNER}))))
        (then
          (if (i32.lt_u (local.get $x) (local.get $left)) (then (local.set $left (local.get $x))))
          (if (i32.lt_u (local.get $y) (local.get $top)) (then (local.set $top (local.get $y))))
          (if (i32.ge_u (local.get $x) (local.get $right))
            (then (local.set $right (i32.add (local.get $x) (i32.const 1)))))
          (if (i32.ge_u (local.get $y) (local.get $bottom))
            (then (local.set $bottom (i32.add (local.get $y) (i32.const 1)))))))
      (local.set $pixel (i32.add (local.get $pixel) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $pixel) (i32.const ${WIDTH * HEIGHT}))))
    (f32.store offset=0 (i32.const ${detections}) (f32.convert_i32_u (local.get $left)))
    (f32.store offset=4 (i32.const ${detections}) (f32.convert_i32_u (local.get $top)))
    (f32.store offset=8 (i32.const ${detections}) (f32.convert_i32_u (local.get $right)))
    (f32.store offset=12 (i32.const ${detections}) (f32.convert_i32_u (local.get $bottom)))
    (f32.store offset=16 (i32.const ${detections})
      (select (f32.const 0.9) (f32.const 0) (i32.gt_u (local.get $right) (local.get $left))))
    (f32.store offset=20 (i32.const ${detections}) (f32.const 0)))`,
  });
}
