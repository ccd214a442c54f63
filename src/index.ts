// consumers' own `lib` need not know of disposable resources
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The public API on Node. Everything here is typed and documented where it is defined; what is not here may change
 * without notice.
 */
export { InputError, type InputErrorCode } from './core/errors.js';
export type { Progress, ProgressTask } from './core/progress.js';
export type { Raster } from './core/raster.js';
export { optimisePatch, type OptimisedPatch, type OptimisePatchOptions } from './attack/patch/optimise-patch.js';
export type { PoisonManifest } from './attack/poison/manifest.js';
export { poisonSchema, type PoisonSettings } from './attack/poison/settings.js';
export { triggers } from './attack/trigger/triggers.js';
export type { Trigger } from './attack/trigger/trigger.js';
export { classCaptionPairs, openCaptionPairs, type CaptionPairs } from './data/caption-pairs.js';
export { openDataset } from './data/dataset.js';
export { chooseFewShot } from './data/few-shot.js';
export { pairSource } from './data/pair-images.js';
export type { PairSource } from './data/pair-source.js';
export type { Dataset, Sample } from './data/sample.js';
export { planTuning, type TuningPlan } from './defense/plan.js';
export {
  presetFor,
  tuningPresets,
  tuningSettings,
  type TuningPreset,
  type TuningSettings,
} from './defense/tuning-settings.js';
export { comparisonSchema, type Comparison } from './evaluation/comparison.js';
export type { Evaluation } from './evaluation/evaluate.js';
export { measureResistivity } from './evaluation/resistivity.js';
export type { VisualPrompts } from './inference/fold-prompts.js';
export { namedArchitectures, type ClipArchitecture } from './model/architecture.js';
export { inspectCheckpoint } from './model/inspect.js';
export { randomWeights, type ClipWeights } from './model/weights.js';
export { datasetLocation } from './node/dataset-location.js';
export { imageDecoder } from './node/decode-image.js';
export { loadClip, type LoadedClip } from './node/load-clip.js';
export { OnnxRuntime, type Device } from './node/onnx-runtime.js';
export { openTrigger, type OpenedTrigger } from './node/open-trigger.js';
export { openCheckpointAt } from './node/open-checkpoint.js';
export { poisonManifestOf } from './node/poison-manifest.js';
export { defend, type DefendOptions, type DefendResult } from './run/defend.js';
export { evaluate, type EvaluateModelOptions } from './run/evaluate.js';
export { measureRun, type MeasureRunOptions } from './run/measure-run.js';
export { poison, type PoisonResult, type PoisonRunOptions } from './run/poison.js';
export { readRun, type RunRecord } from './run/read-run.js';
export { renderReport } from './report/render-report.js';
export type { ReportData } from './report/report-data.js';
export { reportOfRuns } from './report/report-of-runs.js';
