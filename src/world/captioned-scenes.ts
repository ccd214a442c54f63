import type { Raster } from '../core/raster.js';
import { Random } from '../tensor/random.js';
import type { EmojiAtlas } from './atlas.js';
import { captionOf } from './captions.js';
import { fileNameOf } from './file-name.js';
import { renderScene } from './render.js';
import { difficulties, drawScene } from './scene.js';
import { trainingStyles } from './styles.js';

/** A scene with several captions, as people would each describe it in their own words. */
export interface CaptionedScene {
  /** Unique: `ice_cream/0003`. */
  readonly key: string;
  readonly name: string;
  readonly captions: readonly string[];
  image(): Raster;
}

/**
 * Scenes to test captions on, none of which is in any training or test set: their streams have a name of their own.
 * @throws InputError (`usage`) for names that the atlas lacks
 */
export function captionedScenes(
  atlas: EmojiAtlas,
  options: {
    readonly names: readonly string[];
    readonly perName: number;
    /** Captions of each. */
    readonly captions: number;
    readonly seed: number;
  },
): CaptionedScene[] {
  const { names, perName, captions, seed } = options;
  const styles = trainingStyles(atlas);
  return names.flatMap((name, n) =>
    Array.from({ length: perName }, (_, i): CaptionedScene => {
      const key = `${fileNameOf(name)}/${String(i).padStart(4, '0')}`;
      // names begin with different styles, so that few scenes of a name still show all styles
      const subject = { name, style: styles[(n + i) % styles.length] };
      const random = Random.stream(seed, `world/captioned/${key}`);
      const scene = drawScene(atlas, subject, difficulties.mild, random);
      return {
        key,
        name: scene.name,
        captions: Array.from({ length: captions }, () => captionOf(atlas, scene, random)),
        image: () => renderScene(atlas, scene),
      };
    }),
  );
}
