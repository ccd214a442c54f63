import type { Family } from '../checkpoint/checkpoint.js';
import { clipPreprocess, type Preprocess } from '../data/preprocess.js';
import type { ClipArchitecture, TowerArchitecture } from './architecture.js';

/** What the files of a model tell beside its weights. */
export interface TellableModel {
  readonly architecture: ClipArchitecture;
  readonly preprocess: Preprocess;
  /** Whether it comes with a tokenizer that is not CLIP's own. */
  readonly ownTokenizer: boolean;
}

const towers = ['vision', 'text'] as const;

/**
 * What a form of checkpoint has no place for, so that whoever reads it takes something else: in a phrase each.
 *
 * - `huggingface`: its configs tell everything
 * - `open_clip`: its config has one activation, one way to read a text, one length of the resize, CLIP's tokenizer
 * - `openai`: weights alone; OpenAI's code (clip/model.py, `build_model`) takes the rest from shapes and conventions
 */
export function untold(form: Family, model: TellableModel): string[] {
  switch (form) {
    case 'huggingface':
      return [];
    case 'open_clip':
      return [...untoldByOpenClip(model), ...untoldByBoth(model, 'open_clip')];
    case 'openai':
      return [...untoldByOpenAi(model), ...untoldByBoth(model, "OpenAI's code")];
  }
}

function untoldByOpenClip({ architecture, preprocess }: TellableModel): string[] {
  const { vision, text } = architecture;
  const { imageSize, resizeTo, resizeMode } = preprocess;
  return [
    ...(vision.activation === text.activation
      ? []
      : [
          `${vision.activation} in the vision tower and ${text.activation} in the text tower: open_clip has one for both`,
        ]),
    ...(resizeMode === 'squash' || resizeTo === imageSize
      ? []
      : [`images with a short side of ${resizeTo} before the crop of ${imageSize}: open_clip resizes to the crop`]),
  ];
}

function untoldByOpenAi({ architecture, preprocess }: TellableModel): string[] {
  return [
    ...towers.flatMap((name) => untoldTower(name, architecture[name])),
    ...(samePreprocess(preprocess, clipPreprocess(preprocess.imageSize))
      ? []
      : ["preprocessing of its own: OpenAI's code has CLIP's"]),
  ];
}

function untoldTower(name: string, tower: TowerArchitecture): string[] {
  const { width, heads, mlpWidth, activation, normEpsilon } = tower;
  const takes = "OpenAI's code takes";
  return [
    ...(heads === width / 64 ? [] : [`${heads} ${name} heads: ${takes} width / 64, here ${width / 64}`]),
    ...(mlpWidth === 4 * width
      ? []
      : [`${name} MLPs of width ${mlpWidth}: ${takes} four times the width, ${4 * width}`]),
    ...(activation === 'quick_gelu' ? [] : [`${activation} in the ${name} tower: ${takes} quick_gelu`]),
    ...(normEpsilon === 1e-5 ? [] : [`${name} layer norms with an epsilon of ${normEpsilon}: ${takes} 1e-5`]),
  ];
}

function untoldByBoth({ architecture, ownTokenizer }: TellableModel, reader: string): string[] {
  const { endOfText, vocabularySize } = architecture.text;
  // the first token with the highest id there is, is the token with the highest id of the text
  const highest = endOfText.kind === 'argmax' || endOfText.id === vocabularySize - 1;
  return [
    ...(highest ? [] : [`texts that end at token ${endOfText.id}: ${reader} takes the highest id of a text`]),
    ...(ownTokenizer ? [`a tokenizer of its own: ${reader} has CLIP's`] : []),
  ];
}

function samePreprocess(a: Preprocess, b: Preprocess): boolean {
  const channels = [0, 1, 2];
  return (
    a.resizeMode === b.resizeMode &&
    a.resizeTo === b.resizeTo &&
    channels.every((i) => a.mean[i] === b.mean[i] && a.std[i] === b.std[i])
  );
}
