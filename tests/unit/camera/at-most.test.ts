import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { atMost } from "../../../agent/camera/at-most.ts";

/** Times in seconds of the frames that pass, of 40 frames made at `rate` whose times `shift` then changes. */
function passing(fps: number, rate: string, shift = "PTS"): number[] {
  const frames = `testsrc2=size=32x32:rate=${rate},trim=end_frame=40,settb=1/90000,setpts='${shift}'`;
  const shown = spawnSync(
    "ffmpeg",
    `-hide_banner -nostdin -f lavfi -i ${frames},${atMost(fps)},showinfo -fps_mode passthrough -f null -`.split(
      " ",
    ),
  );
  return [...shown.stderr.toString().matchAll(/pts_time:([-\d.]+)/g)].map(([, time]) => Number(time));
}

test("every other frame of a stream twice as fast passes", () => {
  const times = passing(5, "10");
  expect(times).toHaveLength(20);
  expect(times.slice(0, 4)).toEqual([0, 0.2, 0.4, 0.6]);
});

test("a rate that is no divisor of the stream's is kept on average", () => {
  // 40 frames at 12.5 per second last 3.2 s: sixteen fifths.
  expect(passing(5, "25/2")).toHaveLength(16);
  expect(passing(7, "30")).toHaveLength(10);
});

test("a slower stream passes whole, without repeated frames", () => {
  expect(passing(5, "2")).toHaveLength(40);
});

test("a stream of just this rate passes whole although its times tremble", () => {
  expect(passing(5, "5", "PTS+0.015/TB*sin(N*3)")).toHaveLength(40);
});

test("a clock that jumps ahead a year costs nothing and repeats nothing", () => {
  expect(passing(5, "10", "PTS+gte(N,20)*31536000/TB").length).toBeLessThanOrEqual(22);
});

test("a clock that is set back an hour does not stop the stream", () => {
  const times = passing(5, "10", "PTS+lt(N,20)*3600/TB");
  expect(times.filter((time) => time < 3600).length).toBeGreaterThanOrEqual(9);
});
