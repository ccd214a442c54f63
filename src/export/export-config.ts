import type { JsonObject } from '../core/json.js';
import { huggingFacePreprocess } from '../data/preprocess-config.js';
import type { Preprocess } from '../data/preprocess.js';
import type { ClipArchitecture } from '../model/architecture.js';
import { huggingFaceConfig } from '../model/huggingface-config.js';
import type { ExportDtype } from './export-dtype.js';

/** Pillow's number for Lanczos. */
const LANCZOS = 1;

/**
 * `preprocessor_config.json` of an export. In Node, transformers.js 4 shrinks by `bicubic` without smoothing, which
 * makes another picture of a photo; its `lanczos` smooths, and comes closest to the bicubic of the model's own
 * preprocessing. In a browser it resizes as the canvas does, whatever stands here.
 */
export function exportPreprocess(preprocess: Preprocess): JsonObject {
  return { ...huggingFacePreprocess(preprocess), resample: LANCZOS };
}

/** What transformers.js loads when nobody asks for a dtype: on a CPU in Node, and in a browser without WebGPU. */
const libraryDefaults: readonly ExportDtype[] = ['fp32', 'q8'];

/**
 * `config.json` of an export: that of Hugging Face's CLIPModel, and under `transformers.js_config` what transformers.js
 * cannot know by itself.
 * @param dtypes that are exported, the preferred one first
 * @param dataFiles how many files of external data each ONNX file has, by its name; those that have any
 */
export function exportConfig(
  architecture: ClipArchitecture,
  dtypes: readonly ExportDtype[],
  dataFiles: ReadonlyMap<string, number>,
): JsonObject {
  const hints: JsonObject = {
    ...(libraryDefaults.every((dtype) => dtypes.includes(dtype)) ? {} : { dtype: dtypes[0] }),
    ...(dataFiles.size === 0 ? {} : { use_external_data_format: Object.fromEntries(dataFiles) }),
  };
  const config = huggingFaceConfig(architecture);
  return Object.keys(hints).length === 0 ? config : { ...config, 'transformers.js_config': hints };
}
