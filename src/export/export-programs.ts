import { lowerToOnnx, type OnnxProgram } from '../graph/onnx/lower.js';
import { portableClip, portableText, portableVision, type PortableClip } from '../model/portable-graphs.js';
import type { ExportDtype } from './export-dtype.js';
import { halveWeights } from './half-weights.js';
import { quantiseWeights } from './quantise-weights.js';

const graphs = { model: portableClip, vision_model: portableVision, text_model: portableText } as const;

/** The models of an export, by the file names that transformers.js looks for. */
export type ExportPart = keyof typeof graphs;
export const exportParts = ['model', 'vision_model', 'text_model'] as const satisfies readonly ExportPart[];

const rewrites: Readonly<Record<ExportDtype, (program: OnnxProgram) => OnnxProgram>> = {
  fp32: (program) => program,
  fp16: halveWeights,
  q8: quantiseWeights,
};

/** One of the models as a program of standard operators, its weights stored as `dtype`. */
export function exportProgram(clip: PortableClip, part: ExportPart, dtype: ExportDtype): OnnxProgram {
  return rewrites[dtype](lowerToOnnx(graphs[part](clip), 'portable'));
}
