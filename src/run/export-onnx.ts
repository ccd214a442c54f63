import path from 'node:path';

import { silentProgress, type Progress } from '../core/progress.js';
import type { Preprocess } from '../data/preprocess.js';
import { exportStatement } from '../export/attestation.js';
import { exportConfig, exportPreprocess } from '../export/export-config.js';
import { dtypeSuffix, exportDtypes, type ExportDtype } from '../export/export-dtype.js';
import { exportParts, exportProgram, type ExportPart } from '../export/export-programs.js';
import { EXPORT_FORMAT, exportFiles, exportRecordSchema, type ExportRecord } from '../export/export-record.js';
import { modelCard } from '../export/model-card.js';
import type { OnnxProgram } from '../graph/onnx/lower.js';
import { ONNX_VERSIONS } from '../graph/onnx/model-message.js';
import { onnxFiles, PROTOBUF_LIMIT } from '../graph/onnx/onnx-files.js';
import { foldPrompts, type VisualPrompts } from '../inference/fold-prompts.js';
import { describeArchitecture } from '../model/inspect.js';
import type { PortableClip } from '../model/portable-graphs.js';
import { tokenizerFiles } from '../model/tokenizer-files.js';
import { countParameters } from '../model/weights.js';
import type { LoadedClip } from '../node/load-clip.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import type { Session } from '../runtime/session.js';
import { describePrompts, describeRun } from './describe-prompts.js';
import { HashedFiles } from './hashed-files.js';
import { measureExport, type ExportTest } from './measure-export.js';
import { currentVersions } from './provenance.js';
import { readTunedPrompts, type TunedPrompts } from './tuned-prompts.js';
import { refuseFilled, writeFolder } from './write-folder.js';

/** What `exportOnnx` writes, and where. */
export interface ExportOptions {
  readonly clip: LoadedClip;
  /** The folder to write, new or empty. */
  readonly out: string;
  /** Of a defended model: the folder of its run, its prompts file, or the prompts. */
  readonly prompts?: string | VisualPrompts;
  /** What to store weights as, the preferred one first; all of `exportDtypes` by default. */
  readonly dtypes?: readonly ExportDtype[];
  /** By default the model's own. */
  readonly preprocess?: Preprocess;
  /** Also write an in-toto statement (`attestation.json`). */
  readonly attest?: boolean;
  /** Of the model, for the card: an identifier as Hugging Face has them, such as `mit`. */
  readonly license?: string;
  /** Labelled images to measure every dtype on. */
  readonly test?: ExportTest;
  /** No ONNX file reaches this many bytes, 2^31 by default: where one would, its weights lie in files beside it. */
  readonly fileLimit?: number;
  /** Folds prompts and measures; by default onnxruntime on the CPU. */
  readonly runtime?: OnnxRuntime;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** An export that is done. */
export interface ExportResult {
  readonly out: string;
  /** What stands in `rvpt_export.json`. */
  readonly record: ExportRecord;
}

/**
 * Writes a CLIP, its visual prompts folded in, as a folder that transformers.js loads: ONNX models, configs, tokenizer, a
 * model card, and `rvpt_export.json`, which says what they are made of. The folder is whole or not there.
 * @throws InputError (`usage`) when `out` holds anything; (`mismatch`, `malformed`, `missing`) when the prompts cannot be
 * used; (`data`) when the test cannot be made; (`unsupported`) when a weight is too large for float16; (`storage`)
 */
export async function exportOnnx(options: ExportOptions): Promise<ExportResult> {
  const { clip, out, runtime = new OnnxRuntime() } = options;
  await refuseFilled(`export to ${out}`, out); // before the work, and once more when it is done
  const tuned = await tunedPrompts(clip, options.prompts);
  const portable = {
    weights: clip.weights,
    endToken: clip.tokenizer.endToken,
    prompts: tuned && (await foldPrompts(runtime, clip.weights, tuned.prompts)),
  };
  const defaults = { preprocess: clip.preprocess, fileLimit: PROTOBUF_LIMIT };
  const dtypes = [...new Set(options.dtypes ?? exportDtypes)];
  const job = { ...defaults, progress: silentProgress, ...options, dtypes, runtime, tuned, portable };
  const record = await writeFolder(`export to ${out}`, out, (folder) => fill(new HashedFiles(folder), job));
  return { out, record };
}

async function tunedPrompts(clip: LoadedClip, prompts: ExportOptions['prompts']): Promise<TunedPrompts | undefined> {
  return typeof prompts === 'string' ? readTunedPrompts(prompts, clip) : prompts && { prompts, run: undefined };
}

/** The options with every default filled in, and what they name opened. */
interface ExportJob extends ExportOptions {
  readonly dtypes: readonly ExportDtype[];
  readonly preprocess: Preprocess;
  readonly fileLimit: number;
  readonly runtime: OnnxRuntime;
  readonly progress: Progress;
  readonly tuned: TunedPrompts | undefined;
  readonly portable: PortableClip;
}

/** An ONNX model that was written, with the program behind it. */
interface WrittenModel {
  readonly dtype: ExportDtype;
  readonly part: ExportPart;
  readonly program: OnnxProgram;
  /** Paths of its files, the model itself last. */
  readonly files: readonly string[];
  readonly bytes: number;
}

async function fill(to: HashedFiles, job: ExportJob): Promise<ExportRecord> {
  const { clip, dtypes, preprocess, tuned } = job;
  const models = await writeModels(to, job);
  const { architecture } = clip.weights;
  const dataFiles = new Map(
    models.filter(({ files }) => files.length > 1).map(({ files }) => [nameOf(files), files.length - 1]),
  );
  await to.writeJson('config.json', exportConfig(architecture, dtypes, dataFiles));
  await to.writeJson('preprocessor_config.json', exportPreprocess(preprocess));
  for (const [name, content] of Object.entries(tokenizerFiles(clip.tokenizer))) await to.writeJson(name, content);

  const measurement = await measure(to.folder, models, job);
  const record = exportRecordSchema.parse({
    format: EXPORT_FORMAT,
    created: new Date().toISOString(),
    model: { path: clip.path, format: clip.checkpoint.format, sha256: clip.sha256, origin: clip.origin },
    architecture: describeArchitecture(architecture),
    parameters: countParameters(architecture),
    preprocess: describePreprocess(preprocess),
    assumptions: clip.notes,
    ...(tuned === undefined ? {} : { prompts: describePrompts(tuned.prompts) }),
    ...(tuned?.run === undefined ? {} : { run: await describeRun(tuned.run) }),
    dtypes: dtypes.map((dtype) => describeDtype(dtype, models)),
    onnx: { opset: ONNX_VERSIONS.opset, ir_version: ONNX_VERSIONS.irVersion },
    ...(measurement === undefined ? {} : { measurement }),
    files: to.files,
    versions: currentVersions(),
  });
  await to.writeJson(exportFiles.record, record);
  await to.writeText(exportFiles.card, modelCard(record, { license: job.license }));
  if (job.attest === true) await to.writeJson(exportFiles.attestation, exportStatement(record, to.files));
  return record;
}

async function writeModels(to: HashedFiles, job: ExportJob): Promise<WrittenModel[]> {
  const { dtypes, portable, fileLimit, progress, signal } = job;
  const written: WrittenModel[] = [];
  const task = progress.begin('export', dtypes.length * exportParts.length, 'models');
  for (const dtype of dtypes) {
    for (const part of exportParts) {
      signal?.throwIfAborted();
      const program = exportProgram(portable, part, dtype);
      const files: string[] = [];
      let bytes = 0;
      for (const planned of onnxFiles(program, `${part}${dtypeSuffix[dtype]}.onnx`, fileLimit)) {
        const file = await to.write(`onnx/${planned.name}`, planned.content());
        files.push(file.path);
        bytes += file.bytes;
      }
      written.push({ dtype, part, program, files, bytes });
      task.update(written.length);
    }
  }
  task.end();
  return written;
}

function describePreprocess({ imageSize, resizeTo, resizeMode, mean, std }: Preprocess): object {
  return { image_size: imageSize, resize_to: resizeTo, resize_mode: resizeMode, resample: 'bicubic', mean, std };
}

function nameOf(files: readonly string[]): string {
  return path.posix.basename(files[files.length - 1]);
}

function describeDtype(dtype: ExportDtype, models: readonly WrittenModel[]): object {
  const own = models.filter((model) => model.dtype === dtype);
  return {
    dtype,
    files: own.flatMap(({ files }) => files),
    bytes: own.find(({ part }) => part === 'model')?.bytes ?? 0,
  };
}

async function measure(
  folder: string,
  models: readonly WrittenModel[],
  job: ExportJob,
): Promise<ExportRecord['measurement']> {
  const { clip, dtypes, portable, preprocess, runtime, test, progress, signal } = job;
  if (test === undefined) return undefined;
  const open = (dtype: ExportDtype, part: ExportPart): Promise<Session> => {
    const model = models.find((one) => one.dtype === dtype && one.part === part);
    if (model === undefined) throw new Error(`export: no ${part} in ${dtype}`);
    return runtime.open(path.join(folder, 'onnx', nameOf(model.files)), model.program);
  };
  return measureExport({
    clip,
    prompts: portable.prompts,
    preprocess,
    test,
    exports: dtypes.map((dtype) => ({
      dtype,
      openVision: () => open(dtype, 'vision_model'),
      openText: () => open(dtype, 'text_model'),
    })),
    runtime,
    progress,
    ...(signal === undefined ? {} : { signal }),
  });
}
