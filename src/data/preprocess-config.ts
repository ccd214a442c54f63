import { z } from 'zod';

import type { JsonObject } from '../core/json.js';
import { firstFew, Problems } from './problems.js';
import { clipPreprocess, type Preprocess } from './preprocess.js';

const side = z.int().positive();
const channels = z.tuple([z.number(), z.number(), z.number()]);
const deviations = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);
const square = z.object({ height: side, width: side });

/** Only what changes the pixels; files hold much else. */
const huggingFaceSchema = z.object({
  do_resize: z.literal(true, 'resizing cannot be switched off').optional(),
  size: z.union([side, z.object({ shortest_edge: side }), square]).optional(),
  resample: z.literal(3, 'only 3, bicubic').optional(),
  do_center_crop: z.boolean().optional(),
  crop_size: z.union([side, square]).optional(),
  do_rescale: z.literal(true, 'rescaling cannot be switched off').optional(),
  rescale_factor: z
    .number()
    .refine((factor) => Math.abs(factor * 255 - 1) < 1e-6, 'only 1/255')
    .optional(),
  do_normalize: z.boolean().optional(),
  image_mean: channels.optional(),
  image_std: deviations.optional(),
});

/**
 * Preprocessing by a Hugging Face `preprocessor_config.json`; CLIP's own where it is silent.
 *
 * @param json parsed, not yet trusted; @param imageSize the model's.
 * @throws InputError that lists the settings that are not understood or do not fit the model.
 */
export function preprocessFromHuggingFace(json: unknown, name: string, imageSize: number): Preprocess {
  const problems = new Problems();
  const parsed = huggingFaceSchema.safeParse(json);
  const config = parsed.data ?? {};
  addIssues(problems, parsed.error);

  const clip = clipPreprocess(imageSize);
  const { size = imageSize, crop_size: cropSize = imageSize } = config;
  const crops = config.do_center_crop ?? true;
  const squashes = typeof size === 'object' && 'height' in size;
  const sides = [squashes ? size : [], crops ? cropSize : []].flatMap((each) =>
    typeof each === 'object' && 'height' in each ? [each.height, each.width] : each,
  );
  const others = sides.filter((each) => each !== imageSize);
  if (others.length > 0) problems.add(`sides of ${firstFew(others)} where the model reads ${imageSize}`);
  if (!squashes && !crops) problems.add('do_center_crop: false where images are not made square');
  const resizeTo = typeof size === 'number' ? size : 'shortest_edge' in size ? size.shortest_edge : imageSize;
  if (resizeTo < imageSize) problems.add(`size: ${resizeTo} is less than the crop of ${imageSize}`);

  problems.throwIfAny({
    code: 'unsupported',
    operation: `read ${name}`,
    expected: 'preprocessing for CLIP: bicubic resize, centre crop, normalisation',
  });
  const normalises = config.do_normalize ?? true;
  return {
    imageSize,
    resizeTo,
    resizeMode: squashes ? 'squash' : 'crop',
    mean: normalises ? (config.image_mean ?? clip.mean) : [0, 0, 0],
    std: normalises ? (config.image_std ?? clip.std) : [1, 1, 1],
  };
}

const openClipSchema = z.object({
  size: z.union([side, z.tuple([side, side])]).optional(),
  mode: z.literal('RGB', 'only RGB').optional(),
  mean: channels.optional(),
  std: deviations.optional(),
  interpolation: z.literal('bicubic', 'only bicubic').optional(),
  resize_mode: z.enum(['shortest', 'squash'], 'only shortest or squash').optional(),
});

/**
 * Preprocessing by the `preprocess_cfg` of an `open_clip_config.json`; CLIP's own where it is silent.
 *
 * @param json the value of `preprocess_cfg`, parsed, not yet trusted; @param imageSize the model's.
 * @throws InputError that lists the settings that are not understood or do not fit the model.
 */
export function preprocessFromOpenClip(json: unknown, name: string, imageSize: number): Preprocess {
  const problems = new Problems();
  const parsed = openClipSchema.safeParse(json);
  const config = parsed.data ?? {};
  addIssues(problems, parsed.error);
  const { size = imageSize } = config;
  const others = (typeof size === 'number' ? [size] : size).filter((each) => each !== imageSize);
  if (others.length > 0) problems.add(`size: ${firstFew(others)} where the model reads ${imageSize}`);
  problems.throwIfAny({
    code: 'unsupported',
    operation: `read preprocess_cfg of ${name}`,
    expected: 'preprocessing for CLIP: bicubic resize, centre crop, normalisation',
  });
  const clip = clipPreprocess(imageSize);
  return {
    ...clip,
    resizeMode: config.resize_mode === 'squash' ? 'squash' : 'crop',
    mean: config.mean ?? clip.mean,
    std: config.std ?? clip.std,
  };
}

function addIssues(problems: Problems, error: z.ZodError | undefined): void {
  for (const { path, message } of error?.issues ?? []) problems.add(`${path.join('.')}: ${message}`);
}

/** The `preprocessor_config.json` that says what `preprocess` does. */
export function huggingFacePreprocess({ imageSize, resizeTo, resizeMode, mean, std }: Preprocess): JsonObject {
  return {
    image_processor_type: 'CLIPImageProcessor',
    do_resize: true,
    size: resizeMode === 'crop' ? { shortest_edge: resizeTo } : { height: imageSize, width: imageSize },
    resample: 3,
    do_center_crop: true,
    crop_size: { height: imageSize, width: imageSize },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [...mean],
    image_std: [...std],
    do_convert_rgb: true,
  };
}

/**
 * The `preprocess_cfg` that says what `preprocess` does, but for a short side that is longer than the crop: open_clip's
 * resize always ends at the crop.
 */
export function openClipPreprocess({ imageSize, resizeMode, mean, std }: Preprocess): JsonObject {
  return {
    size: imageSize,
    mode: 'RGB',
    mean: [...mean],
    std: [...std],
    interpolation: 'bicubic',
    resize_mode: resizeMode === 'squash' ? 'squash' : 'shortest',
  };
}
