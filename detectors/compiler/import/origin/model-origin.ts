/** What a model file says of its family, task and tool, for messages. */
export interface ModelOrigin {
  /** `an Ultralytics segmentation model (YOLOv8n-seg)` */
  readonly what: string;
  /** `segmentation`: a task of which the compiler has no head. */
  readonly task?: string | undefined;
  /** What gives the file a head that the compiler knows; undefined when nothing does. */
  readonly headRemedy?: string | undefined;
  /** What helps when its operators cannot be compiled; undefined: nothing better than the importer's own. */
  readonly remedy?: string | undefined;
}

/** A sentence: `This is an Ultralytics segmentation model (YOLOv8n-seg): segmentation is not supported yet.` */
export function describeOrigin({ what, task }: ModelOrigin): string {
  return `This is ${what}${task === undefined ? "" : `: ${task} is not supported yet`}.`;
}
