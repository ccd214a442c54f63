import { patchCount, type ClipArchitecture } from '../model/architecture.js';
import { randomWeights, type ClipWeights } from '../model/weights.js';
import { Random } from '../tensor/random.js';
import { sizeOf } from '../tensor/shape.js';

/** Largest wavelength of the position waves, and their amplitude: of the size of the patch embedding beside them. */
const POSITION_BASE = 100;
const POSITION_AMPLITUDE = 0.5;

/** QuickGELU is silu(1.702 x) / 1.702: with these factors in the layers around it, training starts as with SiLU. */
const QUICK_GELU = 1.702;

/**
 * Weights to pretrain a small CLIP from. The text tower is OpenAI's. The vision tower departs from it, as OpenAI's
 * keeps PyTorch's defaults, from which a small one learns slowly: its blocks are scaled by width and depth as the text
 * tower's are, its patch embedding keeps the variance of the pixels, and its positions start as waves over rows and
 * columns, which it may unlearn.
 * A tensor is drawn when it is read, the same every time.
 */
export function initialWeights(architecture: ClipArchitecture, seed: number): ClipWeights {
  const openAi = randomWeights(architecture, seed);
  return { ...openAi, read: async (name) => visionTensor(architecture, seed, name) ?? (await openAi.read(name)) };
}

function visionTensor(architecture: ClipArchitecture, seed: number, name: string): Float32Array | undefined {
  const { vision } = architecture;
  const { width, mlpWidth, layers, patchSize } = vision;
  const factor = vision.activation === 'quick_gelu' ? QUICK_GELU : 1;
  const residual = width ** -0.5 * (2 * layers) ** -0.5;
  const normal = (shape: readonly number[], deviation: number): Float32Array => {
    const random = Random.stream(seed, `weights/${name}`);
    return Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation);
  };
  if (name === 'vision.class_embedding') return normal([width], 0.02);
  if (name === 'vision.patch_embedding.weight') {
    const inputs = 3 * patchSize ** 2;
    return normal([width, inputs], inputs ** -0.5);
  }
  if (name === 'vision.position_embedding') {
    return wavePositions(vision, normal([1 + patchCount(vision), width], 0.02));
  }
  const layer = /^vision\.blocks\.\d+\.(attention|mlp)\.(\w+)\.(weight|bias)$/.exec(name);
  if (layer === null) return undefined;
  const [, , which, part] = layer;
  if (part === 'bias') return new Float32Array(which === 'up' ? mlpWidth : width);
  switch (which) {
    case 'up':
      return normal([mlpWidth, width], (2 * width) ** -0.5 / factor);
    case 'down':
      return normal([width, mlpWidth], residual * factor);
    case 'output':
      return normal([width, width], residual);
    default:
      return normal([width, width], width ** -0.5);
  }
}

/** Waves of the row and the column of each patch in the rows behind the class token's; a width over fours is left. */
function wavePositions(vision: ClipArchitecture['vision'], table: Float32Array): Float32Array {
  const { width } = vision;
  const side = Math.floor(vision.imageSize / vision.patchSize);
  const waves = Math.floor(width / 4);
  for (let patch = 0; patch < side * side; patch++) {
    const at = (1 + patch) * width;
    for (let wave = 0; wave < waves; wave++) {
      const frequency = POSITION_BASE ** (-wave / waves);
      const [row, column] = [Math.floor(patch / side) * frequency, (patch % side) * frequency];
      [Math.sin(row), Math.cos(row), Math.sin(column), Math.cos(column)].forEach((value, kind) => {
        table[at + kind * waves + wave] = POSITION_AMPLITUDE * value;
      });
    }
  }
  return table; // [1 + M, W]
}
