export { plainLines, plainText } from "../../detectors/detector.ts";
