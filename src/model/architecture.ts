/** The nonlinearity of the MLPs: OpenAI's models use x · sigmoid(1.702 x), most of open_clip's the exact GELU. */
export type Activation = 'quick_gelu' | 'gelu';

/** What the vision and the text transformer have in common. */
export interface TowerArchitecture {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Hidden width of the MLPs. */
  readonly mlpWidth: number;
  readonly activation: Activation;
  /** Added to the variance in every layer norm. */
  readonly normEpsilon: number;
}

export interface VisionArchitecture extends TowerArchitecture {
  /** Side of the square input in pixels, a multiple of `patchSize`. */
  readonly imageSize: number;
  readonly patchSize: number;
}

/**
 * The token whose last state is the text's embedding: the highest id of the sequence (OpenAI), or the first
 * occurrence of one id (Hugging Face).
 */
export type EndOfText = { readonly kind: 'argmax' } | { readonly kind: 'id'; readonly id: number };

export interface TextArchitecture extends TowerArchitecture {
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly endOfText: EndOfText;
}

/** Everything that decides the graph of a ViT CLIP. */
export interface ClipArchitecture {
  readonly vision: VisionArchitecture;
  readonly text: TextArchitecture;
  /** Width of the space that images and texts share. */
  readonly embedDim: number;
}

/** Number of image patches M; the vision transformer sees 1 + M tokens. */
export function patchCount({ imageSize, patchSize }: VisionArchitecture): number {
  return Math.floor(imageSize / patchSize) ** 2;
}

interface Size {
  readonly patchSize: number;
  readonly imageSize: number;
  readonly visionWidth: number;
  readonly visionLayers: number;
  readonly textWidth: number;
  readonly embedDim: number;
}

/** OpenAI's ViTs: heads are 64 wide, MLPs four times the width, the text tower has 12 blocks. */
function openAiArchitecture(size: Size): ClipArchitecture {
  const tower = (width: number, layers: number): TowerArchitecture => ({
    width,
    layers,
    heads: width / 64,
    mlpWidth: width * 4,
    activation: 'quick_gelu',
    normEpsilon: 1e-5,
  });
  return {
    vision: { ...tower(size.visionWidth, size.visionLayers), imageSize: size.imageSize, patchSize: size.patchSize },
    text: { ...tower(size.textWidth, 12), contextLength: 77, vocabularySize: 49408, endOfText: { kind: 'argmax' } },
    embedDim: size.embedDim,
  };
}

const base = { imageSize: 224, visionWidth: 768, visionLayers: 12, textWidth: 512, embedDim: 512 };
const large = { patchSize: 14, visionWidth: 1024, visionLayers: 24, textWidth: 768, embedDim: 768 };

/** The ViT models that OpenAI published ("Learning Transferable Visual Models", table 20), by name. */
export const namedArchitectures = {
  'vit-b-32': openAiArchitecture({ ...base, patchSize: 32 }),
  'vit-b-16': openAiArchitecture({ ...base, patchSize: 16 }),
  'vit-l-14': openAiArchitecture({ ...large, imageSize: 224 }),
  'vit-l-14-336': openAiArchitecture({ ...large, imageSize: 336 }),
} as const;

export type ArchitectureName = keyof typeof namedArchitectures;
