/** The tasks of Ultralytics' package, as its files name them. */
const TASKS = {
  detect: "detection",
  segment: "segmentation",
  classify: "classification",
  pose: "pose estimation",
  obb: "oriented detection",
} as const;

export type TaskName = keyof typeof TASKS;

/** Whether a text of a file names a task. */
export function isTask(text: string | undefined): text is TaskName {
  return text !== undefined && Object.hasOwn(TASKS, text);
}

/** `an Ultralytics segmentation model (YOLOv8n-seg)` */
export function ultralyticsModel(task: TaskName | undefined, name: string | undefined): string {
  return `an Ultralytics ${task === undefined ? "" : `${TASKS[task]} `}model${name === undefined ? "" : ` (${name})`}`;
}

/** `segmentation`: a task of which the compiler has no head; undefined for detection. */
export function taskWithoutHead(task: TaskName | undefined): string | undefined {
  return task === undefined || task === "detect" ? undefined : TASKS[task];
}
