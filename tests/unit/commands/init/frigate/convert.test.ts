import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { convertFrigate } from "../../../../../agent/commands/init/frigate/convert.ts";
import { remarkLines } from "../../../../../agent/commands/init/frigate/remarks.ts";
import { mappingOf } from "../../../../../agent/commands/init/frigate/values.ts";
import { writeYaml } from "../../../../../agent/commands/init/frigate/write-yaml.ts";
import { parseConfig } from "../../../../../agent/config/load.ts";

const CAMERA = 'ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/1", roles: [detect]}]}';
const LABELS = ["person", "car", "dog"];

/** Converts a file, and reads the result as `run` does. */
async function converted(
  yaml: string,
  options: { keepThresholds?: boolean; size?: object; empty?: string } = {},
) {
  const asked: string[] = [];
  const { config, secrets, remarks } = await convertFrigate(mappingOf(parse(yaml, { merge: true })), {
    ...{ labels: LABELS, model: "/m.wasm", broker: undefined, homeAssistant: false },
    keepThresholds: options.keepThresholds ?? false,
    snapshotDirectory: "/snapshots",
    streamSize: async (_, address) => {
      asked.push(address);
      return options.size as { width: number; height: number } | undefined;
    },
  });
  const text = writeYaml(config, remarks, "frigate.yml");
  const env = Object.fromEntries(
    Object.entries(parseEnv(secrets)).map(([name, value]) => [name, value || (options.empty ?? "empty")]),
  );
  const read = parseConfig(text, "sabrewing.yml", env);
  const [camera] = read.cameras;
  if (camera === undefined) throw new Error("expected a camera, received none");
  return { ...read, camera, text, secrets, asked, remarks: remarkLines(remarks).join("\n") };
}

describe("the broker", () => {
  test("keeps Frigate's prefix, and its password moves to the file of secrets", async () => {
    const { mqtt, text, secrets } = await converted(
      `mqtt: {host: broker, user: cam, password: hunter2, client_id: x, stats_interval: 30, qos: 2}\ncameras: {a: {${CAMERA}}}`,
    );
    expect(mqtt).toMatchObject({ host: "broker", user: "cam", password: "hunter2", client_id: "x" });
    expect(mqtt).toMatchObject({ topic_prefix: "frigate", stats_interval: 30, port: 1883 });
    expect(text).not.toContain("hunter2");
    expect(secrets).toBe("SABREWING_MQTT_PASSWORD='hunter2'\n");
  });

  test.each([
    ["broker:1884", "broker", 1884, false],
    ["mqtts://broker", "broker", 8883, true],
    ['"{FRIGATE_MQTT_HOST}:1885"', "empty", 1885, false],
    ["::1", "::1", 1883, false],
  ])("is read from mqtt.host: %s", async (host, name, port, tls) => {
    const { mqtt } = await converted(`mqtt: {host: ${host}}\ncameras: {a: {${CAMERA}}}`);
    expect(mqtt).toMatchObject({ host: name, port, tls });
  });

  test("is read from mqtt.host with a login in it", async () => {
    const { mqtt, text } = await converted(
      `mqtt: {host: "mqtt://cam:{FRIGATE_PASSWORD}@broker"}\ncameras: {a: {${CAMERA}}}`,
    );
    expect(mqtt).toMatchObject({ host: "broker", user: "cam", password: "empty" });
    expect(text).toContain('password: "{SABREWING_PASSWORD}"');
  });

  test.each(["mqtt: {enabled: false}", "mqtt: {host: 'http://a/b c'}"])(
    "is left to do for %s",
    async (mqtt) => {
      const { remarks, mqtt: written } = await converted(`${mqtt}\ncameras: {a: {${CAMERA}}}`);
      expect(written.host).toBe("127.0.0.1");
      expect(remarks).toMatch(/To do:\n {2}mqtt\.host: .*127\.0\.0\.1 was written/);
    },
  );
});

describe("a stream", () => {
  const withStreams = (streams: string, path: string) =>
    converted(
      `go2rtc: {streams: ${streams}}\nmqtt: {host: b}\ncameras: {a: {ffmpeg: {inputs: [{path: "${path}", roles: [detect]}]}}}`,
    );

  test.each([
    [
      '{front: ["rtsp://c/1#backchannel=0", "ffmpeg:front#audio=opus"]}',
      "rtsp://127.0.0.1:8554/front",
      "rtsp://c/1",
    ],
    ['{front: "ffmpeg:rtsp://c/1#video=h264#hardware"}', "rtsp://localhost:8554/front", "rtsp://c/1"],
    [
      '{front: ["ffmpeg:front#video=h264", "rtspx://c:7441/x"]}',
      "rtsp://frigate:8554/front?video",
      "rtsps://c:7441/x",
    ],
    [
      "{front: ffmpeg:sub, sub: 'rtsp://127.0.0.1:8554/main?mp4', main: rtsp://c/1}",
      "rtsp://127.0.0.1:8554/front",
      "rtsp://c/1",
    ],
    ['{front: ["http://c/flv", "rtsp://c/1"]}', "rtsp://u:p@127.0.0.1:8554/front", "rtsp://c/1"],
    ["{front: rtsp://c/1}", "rtsp://10.0.0.9:8554/front", "rtsp://10.0.0.9:8554/front"],
  ])("of go2rtc %s replaces %s", async (streams, path, address) => {
    const { camera } = await withStreams(streams, path);
    expect(camera.ffmpeg.inputs[0].path).toBe(address);
  });

  test.each([
    ["{front: ffmpeg:sub, sub: rtsp://127.0.0.1:8554/front}", /leads back to itself/],
    ["{front: 'ffmpeg:http://c/flv?user=admin&password=hunter2'}", /is not RTSP, but http/],
    ["{other: rtsp://c/1}", /go2rtc has no stream "front"/],
    ["{front: 'rtsp://admin:hunter2/x@10.0.0.7/1'}", /expected an address in which user, password and host/],
  ])("that cannot be read, as in %s, is an error that says why", async (streams, why) => {
    const failed = withStreams(streams, "rtsp://127.0.0.1:8554/front");
    await expect(failed).rejects.toThrow(why);
    await expect(failed).rejects.not.toThrow("hunter2");
  });

  test("is the input with the role detect, or else the next that is RTSP", async () => {
    const inputs = (...paths: string[]) =>
      `mqtt: {host: b}\ncameras: {a: {ffmpeg: {input_args: preset-rtsp-udp, inputs: [{path: "${paths[0]}", roles: [record]}, {path: "${paths[1]}", roles: [detect], hwaccel_args: preset-nvidia-h264}]}}}`;
    const { camera } = await converted(inputs("rtsp://c/main", "rtsp://c/sub"));
    expect(camera.ffmpeg).toMatchObject({
      inputs: [{ path: "rtsp://c/sub", transport: "udp" }],
      hwaccel_args: "preset-nvidia",
    });
    const other = await converted(inputs("rtsp://c/main", "http://c/sub"));
    expect(other.camera.ffmpeg.inputs[0].path).toBe("rtsp://c/main");
    expect(other.remarks).toContain("the input with the roles record is read: its stream is not RTSP");
  });

  test.each([
    ["{front: 'ffmpeg:rtsp://c/1#video=h264#rotate=90'}", "", 90],
    ["{front: 'ffmpeg:rtsp://c/1#video=h264#rotate=-90'}", "", 270],
    ["{front: 'ffmpeg:rtsp://c/1#video=h264#raw=-vf transpose=1'}", "", 90],
    ["{front: 'ffmpeg:sub#video=h264#rotate=90', sub: 'ffmpeg:rtsp://c/1#rotate=180'}", "", 270],
    ["{front: rtsp://c/1}", "-vf transpose=2 -f rawvideo -pix_fmt yuv420p", 270],
    ["{front: rtsp://c/1}", "-vf fps=5,transpose=1,transpose=clock,scale=640:480 -f rawvideo", 180],
    ["{front: rtsp://c/1}", '-filter:v "hflip, vflip" -f rawvideo', 180],
    ["{front: rtsp://c/1}", "-vf transpose=cclock_flip,vflip -f rawvideo", 270],
    ["{front: rtsp://c/1}", "-vf transpose=0,hflip -f rawvideo", 90],
    ["{front: rtsp://c/1}", "-vf transpose_vaapi=dir=reversal -f rawvideo", 180],
    ["{front: rtsp://c/1}", "-vf vpp_qsv=w=640:transpose=clock -f rawvideo", 90],
    ["{front: 'ffmpeg:rtsp://c/1#rotate=90'}", "-vf transpose=cclock -f rawvideo", 0],
    ["{front: rtsp://c/1}", "-vf toString,__proto__,3,transpose=1, -f rawvideo", 90],
    ["{front: 'ffmpeg:rtsp://c/1#rotate=left#raw=-vf'}", "-vf", 0],
    ["{front: rtsp://c/1}", "-threads 2 -f rawvideo -pix_fmt yuv420p", 0],
  ])("that Frigate rotates is rotated: %s, %s", async (streams, output, rotation) => {
    const { camera } = await converted(
      `go2rtc: {streams: ${streams}}\nmqtt: {host: b}\nffmpeg: {output_args: {detect: '${output}'}}\ncameras: {a: {ffmpeg: {inputs: [{path: "rtsp://127.0.0.1:8554/front", roles: [detect]}]}}}`,
    );
    expect(camera.rotate).toBe(rotation);
  });

  test("that Frigate mirrors is not rotated, and gets a remark", async () => {
    const { camera, remarks } = await converted(
      `mqtt: {host: b}\ncameras: {a: {ffmpeg: {output_args: {detect: "-vf hflip -f rawvideo"}, inputs: [{path: "rtsp://c/1"}]}}}`,
    );
    expect(camera.rotate).toBe(0);
    expect(remarks).toContain(
      "cameras.a: Sabrewing rotates the frames of a camera, but does not mirror them",
    );
  });

  test("that Frigate rotates has masks in pixels of the rotated frame", async () => {
    const { camera } = await converted(
      `mqtt: {host: b}\ncameras: {a: {ffmpeg: {output_args: {detect: "-vf transpose=1 -f rawvideo"}, inputs: [{path: "rtsp://c/1"}]}, motion: {mask: "0,0,360,0,360,1280"}}}`,
      { size: { width: 1280, height: 720 } },
    );
    expect(camera.motion.mask).toEqual([
      [
        [0, 0],
        [0.5, 0],
        [0.5, 1],
      ],
    ]);
  });

  test("has its password, and Frigate's variables, in the file of secrets", async () => {
    const { cameras, text, secrets, remarks } = await converted(`
environment_vars: {FRIGATE_USER: admin}
mqtt: {host: b, user: u, password: "{FRIGATE_MQTT_PASSWORD}"}
cameras:
  a: {ffmpeg: {inputs: [{path: "rtsp://{FRIGATE_USER}:{FRIGATE_Pass}@{FRIGATE_IP}:554/1?x={{1}}", roles: [detect]}]}}
  b: {ffmpeg: {inputs: [{path: "rtsp://admin:p@ss:w@10.0.0.8/cam?channel=1&token=abc", roles: [detect]}]}}
`);
    expect(cameras.map(({ ffmpeg }) => ffmpeg.inputs[0].path)).toEqual([
      "rtsp://admin:empty@empty:554/1?x=%7B1%7D",
      "rtsp://admin:p%40ss%3Aw@10.0.0.8/cam?channel=1&token=abc",
    ]);
    expect(text).not.toMatch(/\{FRIGATE_|p@ss|p%40ss|abc/);
    expect(parseEnv(secrets)).toMatchObject({
      SABREWING_USER: "admin",
      SABREWING_PASS: "",
      SABREWING_IP: "",
      SABREWING_MQTT_PASSWORD: "",
      B_PASSWORD: "p@ss:w",
      B_PARAMETER: "abc",
    });
    expect(remarks).toMatch(
      /To do:\n {2}SABREWING_PASS, SABREWING_IP, SABREWING_MQTT_PASSWORD: enter the value/,
    );
  });
});

test("variables that go2rtc reads from its environment become variables of the file of secrets", async () => {
  const yaml = `
environment_vars: {PORT: 8555}
go2rtc:
  streams:
    front: "rtsp://\${USER}:\${CAM_PASSWORD}@\${CAM_HOST:10.0.0.8}:\${PORT}/\${path}?token=\${token}"
mqtt: {host: b}
cameras:
  a: {ffmpeg: {inputs: [{path: "rtsp://127.0.0.1:8554/front"}]}}
  b: {ffmpeg: {inputs: [{path: "rtsp://{FRIGATE_USER}:{FRIGATE_user}@10.0.0.9/1"}]}}
`;
  const { cameras, text, secrets, remarks } = await converted(yaml, { empty: "x" });
  expect(text).not.toMatch(/\$|%7B|10\.0\.0\.8/);
  expect(cameras.map(({ ffmpeg }) => ffmpeg.inputs[0].path)).toEqual([
    "rtsp://x:x@10.0.0.8:8555/x?token=x",
    "rtsp://x:x@10.0.0.9/1",
  ]);
  expect(parseEnv(secrets)).toEqual({
    SABREWING_USER: "",
    SABREWING_CAM_PASSWORD: "",
    SABREWING_CAM_HOST: "10.0.0.8",
    SABREWING_PORT: "8555",
    SABREWING_PATH: "",
    SABREWING_TOKEN: "",
    SABREWING_USER_2: "",
    SABREWING_USER_3: "",
  });
  expect(remarks).toContain("SABREWING_USER: enter the value of go2rtc's variable USER");
  expect(remarks).toContain("SABREWING_CAM_HOST: its default is entered");
  expect(remarks).toContain("SABREWING_USER_2, SABREWING_USER_3: enter the value of Frigate's variable");
  expect(remarks).not.toContain("SABREWING_PORT");
});

test.each([
  ["{}", "{FRIGATE_URL}"],
  [`{front: "\${CAMERA_URL}"}`, "rtsp://127.0.0.1:8554/front", "CAMERA_URL"],
  ['{front: "{FRIGATE_URL}"}', "rtsp://127.0.0.1:8554/front"],
  [`{front: "ffmpeg:\${FRIGATE_URL}#video=h264"}`, "rtsp://127.0.0.1:8554/front"],
])("an address that is a variable stays one: streams %s, path %s", async (streams, path, name = "URL") => {
  const yaml = `go2rtc: {streams: ${streams}}\nmqtt: {host: b}\ncameras: {a: {${CAMERA}}, b: {ffmpeg: {inputs: [{path: "${path}"}]}}}`;
  const { cameras, text, secrets, remarks } = await converted(yaml, { empty: "rtsp://10.0.0.8/1" });
  expect(text).toContain(`path: "{SABREWING_${name}}"`);
  expect(cameras[1]?.ffmpeg.inputs[0].path).toBe("rtsp://10.0.0.8/1");
  expect(secrets).toBe(`SABREWING_${name}=''\n`);
  expect(remarks).toContain(`SABREWING_${name}: enter the value`);
});

test("an address that is a variable is left out if Frigate's file says that it is not RTSP", async () => {
  const { cameras, remarks } = await converted(
    `environment_vars: {FRIGATE_URL: "http://c/1"}\nmqtt: {host: b}\ncameras: {a: {${CAMERA}}, b: {ffmpeg: {inputs: [{path: "{FRIGATE_URL}"}]}}}`,
  );
  expect(cameras.map(({ name }) => name)).toEqual(["a"]);
  expect(remarks).toMatch(/cameras\.b: expected an address/);
});

test("an address whose password may be longer than it seems must be checked by the user", async () => {
  const { remarks } = await converted(
    `mqtt: {host: b}\ncameras: {a: {ffmpeg: {inputs: [{path: "rtsp://admin:p@ss/w@rd@10.0.0.8/1"}]}}, b: {ffmpeg: {inputs: [{path: "rtsp://10.0.0.8/1@2"}]}}}`,
  );
  expect(remarks).toContain("cameras.a: check the address");
  expect(remarks).not.toContain("cameras.b: check");
});

test("a camera that is left out leaves no secret and no task for the user", async () => {
  const { cameras, secrets, remarks } = await converted(
    `environment_vars: {FRIGATE_IP: "no host"}\nmqtt: {host: b}\ncameras: {a: {${CAMERA}}, b: {ffmpeg: {inputs: [{path: "rtsp://u:{FRIGATE_X}@{FRIGATE_IP}/1"}]}}}`,
  );
  expect(cameras.map(({ name }) => name)).toEqual(["a"]);
  expect(secrets).toBe("");
  expect(remarks).not.toContain("To do");
  expect(remarks).toMatch(/cameras\.b: expected an address/);
});

describe("polygons", () => {
  const HALF = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
  ];

  test.each([
    '"0,0,640,0,640,720"',
    '["0,0", "640,0", "640,720"]',
    '"0,0,0.5,0,0.5,1"',
    '["0,0", "0.5,0", "0.5,1"]',
  ])("of a zone may be %s", async (coordinates) => {
    const { camera } = await converted(
      `mqtt: {host: b}\ndetect: {width: 1280, height: 720}\ncameras: {a: {${CAMERA}, zones: {z: {coordinates: ${coordinates}}}}}`,
    );
    expect(camera.zones[0]?.coordinates).toEqual(HALF);
  });

  test.each([
    '"0,0,640,0,640,720"',
    '["0,0,640,0,640,720"]',
    '{one: {friendly_name: One, enabled: true, coordinates: "0,0,0.5,0,0.5,1"}, off: {enabled: false, coordinates: "0,0,1,0,1,1"}}',
    '{one: {coordinates: ["0,0,640,0,640,720"]}}',
  ])("of masks may be %s, in every place", async (mask) => {
    const text = `mqtt: {host: b}\nmotion: {mask: ${mask}}\nobjects: {mask: ${mask}, filters: {person: {mask: ${mask}}}}\n`;
    const { camera } = await converted(
      `${text}cameras: {a: {${CAMERA}, detect: {width: 1280, height: 720}}}`,
    );
    expect(camera.motion.mask).toEqual([HALF]);
    expect(camera.objects.mask).toEqual([HALF]);
    expect(camera.objects.filters.person?.mask).toEqual([HALF]);
  });

  test("of masks in pixels at the top are converted for each camera, and join its own masks", async () => {
    const mask = '"0,0,320,0,320,360"';
    const { cameras } = await converted(`
mqtt: {host: b}
motion: {mask: ${mask}}
objects: {track: [person, car], filters: {car: {min_ratio: 1, mask: ${mask}}}}
cameras:
  a: {${CAMERA}, detect: {width: 640, height: 360}, objects: {filters: {car: {max_ratio: 9}}}}
  b: {${CAMERA}, detect: {width: 1280, height: 720}, motion: {mask: []}}
  c: {${CAMERA}, detect: {width: 640, height: 360}, objects: {track: [person], filters: {person: {mask: ${mask}}}}}
`);
    const quarter = [
      [0, 0],
      [0.25, 0],
      [0.25, 0.5],
    ];
    expect(cameras.map(({ motion }) => motion.mask)).toEqual([[HALF], [], [HALF]]);
    expect(cameras[0]?.objects.filters.car).toMatchObject({ min_ratio: 1, max_ratio: 9, mask: [HALF] });
    expect(cameras[1]?.objects.filters.car).toMatchObject({ min_ratio: 1, mask: [quarter] });
    expect(Object.keys(cameras[2]?.objects.filters ?? {})).toEqual(["person"]);
  });

  test("of masks with names at the top and in the camera are taken together", async () => {
    const named = (name: string) => `{${name}: {coordinates: "0,0,0.5,0,0.5,1"}}`;
    const { camera } = await converted(
      `mqtt: {host: b}\nmotion: {mask: ${named("a")}}\ncameras: {a: {${CAMERA}, motion: {mask: ${named("b")}}}}`,
    );
    expect(camera.motion.mask).toEqual([HALF, HALF]);
  });

  test("in pixels of an unknown frame use the size of the stream, else Frigate's default, with a remark", async () => {
    const yaml = `mqtt: {host: b}\ncameras: {a: {${CAMERA}, motion: {mask: "0,0,320,0,320,360"}, zones: {z: {coordinates: "0,0,320,0,320,360"}}}}`;
    const { camera, asked, remarks } = await converted(yaml, { size: { width: 640, height: 360 } });
    expect(camera.zones[0]?.coordinates).toEqual(HALF);
    expect(asked).toEqual(["rtsp://10.0.0.7/1"]);
    expect(remarks).not.toContain("To do");
    const unknown = await converted(yaml);
    expect(unknown.camera.zones[0]?.coordinates[1]).toEqual([0.25, 0]);
    expect(unknown.remarks).toContain("1280×720 was assumed");
  });

  test("are clipped to the frame, and invalid ones are left out", async () => {
    const { camera, remarks } = await converted(
      `mqtt: {host: b}\ndetect: {width: 100, height: 100}\ncameras: {a: {${CAMERA}, motion: {mask: ["0,0,200,0,50,100", "0,0,1", x]}, zones: {z: {coordinates: "1,2"}}}}`,
    );
    expect(camera.motion.mask).toEqual([
      [
        [0, 0],
        [1, 0],
        [0.5, 1],
      ],
    ]);
    expect(camera.zones).toEqual([]);
    expect(remarks).toContain("cameras.a.motion.mask: corners outside the frame were moved to its edge");
    expect(remarks).toMatch(/cameras\.a\.zones\.z\.coordinates: expected at least three corners/);
  });
});

describe("labels and filters", () => {
  const FILTERS =
    "objects: {track: [person, face], filters: {person: {min_area: 5, min_score: 0.6, threshold: 0.8}, dog: {min_area: 3}}}";

  test("lose the labels that the module does not have, and the scores of Frigate's detector", async () => {
    const { camera, remarks } = await converted(`mqtt: {host: b}\n${FILTERS}\ncameras: {a: {${CAMERA}}}`);
    expect(camera.objects).toMatchObject({
      track: ["person"],
      filters: { person: { min_area: 5 } },
    });
    expect(camera.objects.filters.person).not.toHaveProperty("min_score");
    expect(camera.objects.filters.person).not.toHaveProperty("threshold");
    expect(remarks).toContain("label face: the module does not detect it");
    expect(remarks).toContain(
      "objects.filters.person.min_score and threshold: chosen for the scores of another detector",
    );
    expect(remarks).toContain("objects.filters.dog: this filter has no effect");
  });

  test("keep the scores with --keep-thresholds", async () => {
    const { camera } = await converted(`mqtt: {host: b}\n${FILTERS}\ncameras: {a: {${CAMERA}}}`, {
      keepThresholds: true,
    });
    expect(camera.objects.filters.person).toMatchObject({ min_score: 0.6, threshold: 0.8 });
  });

  test("track people where the list of labels has no value", async () => {
    const { camera } = await converted(`mqtt: {host: b}\ncameras: {a: {${CAMERA}, objects: {track: }}}`);
    expect([camera.detect.enabled, camera.objects.track]).toEqual([true, ["person"]]);
  });

  test("switch detection off for a camera that tracks no label of the module", async () => {
    const { cameras } = await converted(
      `mqtt: {host: b}\ncameras: {a: {${CAMERA}}, b: {${CAMERA}, objects: {track: [license_plate]}, zones: {z: {coordinates: "0,0,1,0,1,1"}}}}`,
    );
    expect(cameras.map(({ detect }) => detect.enabled)).toEqual([true, false]);
  });
});

describe("zones", () => {
  test("keep their settings, in names that are unique in the file", async () => {
    const zone =
      '{coordinates: "0,0,1,0,1,1", inertia: 2, loitering_time: 4, objects: person, filters: {person: {min_area: 9}, dog: {}}}';
    const { cameras, remarks } = await converted(
      `mqtt: {host: b}\ncameras: {a: {${CAMERA}, zones: {Front Yard: ${zone}, x: {enabled: false, coordinates: ""}}}, b: {${CAMERA}, zones: {Front Yard: ${zone}, a: ${zone}}}}`,
    );
    expect(cameras[0]?.zones).toMatchObject([
      {
        name: "Front_Yard",
        inertia: 2,
        loitering_time: 4,
        objects: ["person"],
        filters: { person: { min_area: 9 } },
      },
    ]);
    expect(cameras[1]?.zones.map(({ name }) => name)).toEqual(["b_Front_Yard", "b_a"]);
    expect(remarks).toContain("cameras.b.zones.Front Yard: the zone is called b_Front_Yard");
    expect(remarks).toContain("cameras.a.zones.x: the zone is disabled");
  });
});

test("a zone that is required but not carried over is named, and so is what counts without it", async () => {
  const { cameras, remarks } = await converted(
    `mqtt: {host: b}\ncameras: {a: {${CAMERA}, zones: {x: {enabled: false, coordinates: ""}, y: {coordinates: "0,0,1,0,1,1"}}, review: {alerts: {required_zones: x}, detections: {required_zones: [x, y]}}}}`,
  );
  expect(cameras[0]?.review.alerts.required_zones).toEqual([]);
  expect(cameras[0]?.review.detections.required_zones).toEqual(["y"]);
  const alerts = "alerts.required_zones: x: the camera has no such zone; objects anywhere in the frame count";
  expect(remarks).toContain(`cameras.a.review.${alerts}`);
  expect(remarks).toContain(
    "detections.required_zones: x: the camera has no such zone; the other zones count",
  );
});

test("long names stay as they are, and become shorter where a prefix is added", async () => {
  const long = `${"long_".repeat(12)}name`;
  const zone = `zones: {${long}_zone: {coordinates: "0,0,1,0,1,1"}}`;
  const { cameras, remarks } = await converted(
    `mqtt: {host: b}\ncameras: {${long}: {${CAMERA}, ${zone}}, ${long}_2: {${CAMERA}, ${zone}}}`,
  );
  expect(cameras.map(({ name }) => name)).toEqual([long, `${long}_2`]);
  expect(cameras[0]?.zones[0]?.name).toBe(`${long}_zone`);
  expect(cameras[1]?.zones[0]?.name).toMatch(/^long_[a-z_]{60,95}$/);
  expect(remarks).not.toContain("the camera is called");
});

describe("snapshots", () => {
  test("that Frigate keeps are kept, and published only by cameras whose mqtt.enabled says so", async () => {
    const { cameras, remarks } = await converted(
      `mqtt: {host: b}\nsnapshots: {enabled: yes, retain: {default: 3}}\ncameras: {a: {${CAMERA}, mqtt: {enabled: "True"}}, b: {${CAMERA}, mqtt: {crop: true}}, c: {${CAMERA}, snapshots: {enabled: false}}}`,
    );
    expect(
      cameras.map(({ snapshots }) => [snapshots.enabled, snapshots.directory, snapshots.retain_days]),
    ).toEqual([
      [true, "/snapshots", 3],
      [false, "/snapshots", 3],
      [false, undefined, 3],
    ]);
    expect(remarks).toContain("cameras.a.mqtt.enabled: this camera publishes JPEGs of objects over MQTT");
    expect(remarks).not.toContain("cameras.b.mqtt.enabled");
  });
});

describe("every key", () => {
  test("that has no counterpart is named once, with a reason", async () => {
    const { remarks } = await converted(`
mqtt: {host: b}
record: {enabled: true}
birdseye: {enabled: false}
genai: {provider: gemini, api_key: hunter2}
telemetry: {version_check: false}
detect: {stationary: {max_frames: {default: 3000}}}
invented: 1
cameras:
  a: {${CAMERA}, record: {enabled: true}, onvif: {password: hunter2}, detect: {annotation_offset: 3}}
  b: {${CAMERA}, onvif: {host: x}}
`);
    const dropped = remarks.slice(remarks.indexOf("Not carried over"));
    for (const key of [
      "record",
      "birdseye",
      "genai",
      "telemetry",
      "onvif",
      "invented",
      "detect.annotation_offset",
    ]) {
      expect(dropped.match(new RegExp(`(?<=[ ,])${key}(?=[,:])`, "g")), key).toHaveLength(1);
    }
    expect(remarks).not.toContain("hunter2");
  });

  test("with a value that Sabrewing does not accept gets the default, with a remark", async () => {
    const { camera, remarks } = await converted(
      `mqtt: {host: b}\ncameras: {a: {${CAMERA}, motion: {contour_area: 0, threshold: "40"}, detect: {fps: 200, width: 640}}}`,
    );
    expect(camera.motion).toMatchObject({ contour_area: 10, threshold: 40 });
    expect(camera.detect.fps).toBe(5);
    expect(remarks).toContain("cameras.a.motion.contour_area: expected at least 1, received 0");
    expect(remarks).toContain("cameras.a.detect.width: has no effect without the other side");
  });

  test("of global sections stays global, and a disabled camera stays disabled", async () => {
    const { cameras, text } = await converted(
      `mqtt: {host: b}\nffmpeg: {hwaccel_args: preset-rk-h264, retry_interval: 20}\ndetect: {fps: 7}\ncameras: {a: {enabled: false, ${CAMERA}}, "7": {${CAMERA}}}`,
    );
    expect(text).toMatch(/^ffmpeg:\n {2}hwaccel_args: "preset-rkmpp"\n {2}retry_interval: 20$/m);
    expect(cameras.find(({ name }) => name === "a")?.enabled).toBe(false);
    expect(cameras.map(({ detect }) => detect.fps)).toEqual([7, 7]);
  });
});

test("a file without cameras is no configuration of Frigate", async () => {
  await expect(converted("mqtt: {host: b}")).rejects.toThrow("expected a configuration of Frigate");
});
