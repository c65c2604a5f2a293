import type { RecentLines } from "../../base/recent-lines.ts";
import type { AgentConfig, CameraConfig } from "../../config/schema.ts";
import type { Outcome } from "../../outcome.ts";
import type { ModelFilters } from "../../tracking/score-filter.ts";
import { jsonReply, type Reply } from "../live/reply.ts";
import type { Activity } from "../page/insight-protocol.ts";
import { recordDecisions } from "./decisions.ts";
import { effectiveConfig } from "./effective-config.ts";
import { recordMotion } from "./motion-record.ts";

/** What the page tells about each camera. */
export interface Insight {
  /** Records the outcome of a frame, in bounded memory. */
  record(camera: string, outcome: Outcome): void;
  /** Answers `/cameras/<name>/activity` and `/cameras/<name>/config`; undefined for other paths and cameras. */
  answer(path: string): Reply | undefined;
}

export interface InsightSources {
  readonly config: AgentConfig;
  /** The settings of the cameras now. */
  readonly settings: () => readonly CameraConfig[];
  readonly recentLines: Pick<RecentLines, "about">;
  readonly detector: { readonly model: { readonly filters?: ModelFilters } };
}

/** Starts to record. */
export function openInsight({ config, settings, recentLines, detector }: InsightSources): Insight {
  const records = new Map(
    settings().map((first) => {
      const camera = () => settings().find(({ name }) => name === first.name) ?? first;
      const rules = () => ({ ...camera(), modelFilters: detector.model.filters });
      return [first.name, { camera, decisions: recordDecisions(rules), motion: recordMotion() }];
    }),
  );
  return {
    record(name, outcome) {
      const record = records.get(name);
      record?.decisions.record(outcome);
      record?.motion.record(outcome);
    },
    answer(path) {
      const [, name = "", what] = /^\/cameras\/([\w-]+)\/(activity|config)$/.exec(path) ?? [];
      const record = records.get(name);
      if (record === undefined) return undefined;
      if (what === "config") return jsonReply(effectiveConfig(config, record.camera()));
      const { decisions, motion } = record;
      const log = recentLines.about(name);
      return jsonReply({ decisions: decisions.all(), motion: motion.all(), log } satisfies Activity);
    },
  };
}
