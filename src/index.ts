// consumers' own `lib` need not know of disposable resources
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The public API on Node; what is not here may change without notice. docs/library.md is the guide to it. The reference in
 * docs/api is made from the source by `npm run docs`.
 *
 * Shapes are written as in the paper: B images, C classes, L blocks, width W, M patches, b prompts a block from block D
 * on, an embedding of E numbers.
 * @packageDocumentation
 */

// models
export type { Checkpoint, CheckpointFormat, Family } from './checkpoint/checkpoint.js';
export type { ConfigClaims, TextClaims, TowerClaims, VisionClaims } from './checkpoint/config-claims.js';
export type { DType, LazyTensor } from './checkpoint/lazy-tensor.js';
export type { Naming } from './checkpoint/name-table.js';
export { namedArchitectures, type ClipArchitecture } from './model/architecture.js';
export type {
  Activation,
  EndOfText,
  TextArchitecture,
  TowerArchitecture,
  VisionArchitecture,
} from './model/architecture.js';
export type { ArchitectureOptions } from './model/infer-architecture.js';
export { inspectCheckpoint, type InspectReport, type TowerReport } from './model/inspect.js';
export type { Tokenizer } from './model/tokenizer.js';
export { randomWeights, type ClipWeights, type ParameterCounts } from './model/weights.js';
export { loadClip, type LoadClipOptions, type LoadedClip } from './node/load-clip.js';
export { OnnxRuntime, type Device, type OnnxRuntimeOptions } from './node/onnx-runtime.js';
export { openCheckpointAt } from './node/open-checkpoint.js';
export type { Runtime } from './runtime/session.js';

// data
export type { CaptionPair, CaptionPairs } from './data/caption-pair.js';
export { classCaptionPairs, openCaptionPairs } from './data/caption-pairs.js';
export { namedTemplates } from './data/class-prompts.js';
export type { DatasetLayoutName, DatasetOptions } from './data/dataset.js';
export { chooseFewShot, type FewShotOptions, type FewShotSamples } from './data/few-shot.js';
export type { DecodedImage, DecodeImage } from './data/image-decoder.js';
export type { Columns, DatasetLocation, ListOptions } from './data/layout.js';
export type { BrokenImage } from './data/loader.js';
export { pairSource } from './data/pair-images.js';
export type { PairSource } from './data/pair-source.js';
export type { ChannelValues, Preprocess, ResizeMode } from './data/preprocess.js';
export { splits, type Dataset, type DatasetSource, type Sample, type Split } from './data/sample.js';
export { datasetLocation } from './node/dataset-location.js';
export type { HubOptions } from './node/hub/hub-repository.js';
export { imageDecoder, type DecoderOptions } from './node/decode-image.js';
export { openDataset } from './node/open-dataset.js';

// defense
export type { Method } from './defense/prompt-methods.js';
export { planTuning, type TuningPlan } from './defense/plan.js';
export type { StepReport } from './defense/tune-prompts.js';
export {
  presetFor,
  tuningPresets,
  tuningSettings,
  type GivenTuning,
  type TuningPreset,
  type TuningSettings,
} from './defense/tuning-settings.js';
export type { VisualPrompts } from './inference/fold-prompts.js';
export { defend, type DefendOptions, type DefendResult } from './run/defend.js';
export { readRun, type RunRecord } from './run/read-run.js';
export { tunePrompts, type TunePromptsOptions, type TuningResult } from './run/tune-prompts.js';
export { readTunedPrompts, type TunedPrompts } from './run/tuned-prompts.js';

// other defenses, and experiments
export type { ImageBatch, TrainingImages } from './data/training-images.js';
export type {
  DefendedModel,
  Defended,
  Defense,
  DefenseEffect,
  DefenseEntry,
  DefenseInput,
  DefenseNeeds,
  DefenseState,
  DefenseStep,
} from './defense/defense.js';
export { defenses, makeDefense, parseDefense } from './defense/defenses.js';
export type { LinearHead } from './model/clip-graphs.js';
export type { Cell, CellCost, CellOutcome, Grid } from './experiment/grid.js';
export { parseGrid, readGrid } from './experiment/read-grid.js';
export { runGrid, type GridOptions, type RunGridOptions } from './experiment/run-grid.js';
export { openDefended, type DefendedBase, type StoredDefense } from './run/defended-model.js';
export { runDefense, type DefenseSource, type RunDefenseOptions, type RunDefenseResult } from './run/run-defense.js';

// use, measure and report
export { comparisonSchema, type Comparison } from './evaluation/comparison.js';
export type { Evaluation, ImagePrediction } from './evaluation/evaluate.js';
export type { AttackMetrics, CleanMetrics } from './evaluation/metrics.js';
export { reportOfRuns } from './report/report-of-runs.js';
export type { ReportData } from './report/report-data.js';
export { renderReport } from './report/render-report.js';
export { evaluate, type EvaluateModelOptions } from './run/evaluate.js';
export { measureRun, type ComparisonExtent, type MeasureRunOptions } from './run/measure-run.js';
export { ZeroShotClassifier, type ClassScore, type ZeroShotClassifierOptions } from './run/zero-shot-classifier.js';

// convert and export
export type { FloatType } from './checkpoint/dtype.js';
export type { WritableFloat } from './checkpoint/stream-safetensors.js';
export { exportDtypes, type ExportDtype } from './export/export-dtype.js';
export { exportRecordSchema, type ExportRecord } from './export/export-record.js';
export { exportOnnx, type ExportOptions, type ExportResult } from './run/export-onnx.js';
export {
  checkpointForms,
  convertCheckpoint,
  type ConvertOptions,
  type ConvertResult,
} from './run/convert-checkpoint.js';
export type { HashedFile } from './run/hashed-files.js';
export type { ExportTest } from './run/measure-export.js';

// attacks
export { optimisePatch, type OptimisedPatch, type OptimisePatchOptions } from './attack/patch/optimise-patch.js';
export type { PatchLosses, PatchModel } from './attack/patch/optimise-patch.js';
export type { PatchMethod } from './attack/patch/patch-objectives.js';
export type { PatchSettings } from './attack/patch/patch-settings.js';
export type { PoisonedPair, PoisonManifest } from './attack/poison/manifest.js';
export { poisonSchema, type PoisonSettings } from './attack/poison/settings.js';
export { triggers } from './attack/trigger/triggers.js';
export type {
  Trigger,
  TriggerEffect,
  TriggerEntry,
  TriggerFromFiles,
  TriggerResources,
} from './attack/trigger/trigger.js';
export { openTrigger, type OpenedTrigger } from './node/open-trigger.js';
export { poisonManifestOf } from './node/poison-manifest.js';
export { applyTrigger, type AppliedTrigger, type ApplyTriggerOptions } from './run/apply-trigger.js';
export { poison, type PoisonResult, type PoisonRunOptions } from './run/poison.js';
export { previewTrigger, type PreviewOptions, type TriggerPreview } from './run/preview-trigger.js';

// what all of it has in common
export type { ByteSource, FileStore, Folder, FolderEntry } from './core/bytes.js';
export type { CatalogEntry, Named, Preset } from './core/catalog.js';
export { InputError, type InputErrorCode, type InputErrorParts } from './core/errors.js';
export type { Json, JsonObject } from './core/json.js';
export type { Progress, ProgressTask } from './core/progress.js';
export type { ImageKey, Raster } from './core/raster.js';
export { DiskFolder, FileBytes } from './node/files.js';
export type { Shape } from './tensor/shape.js';
export type { IntTensor, Tensor } from './tensor/tensor.js';
