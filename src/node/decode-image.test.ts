import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';

import { MemoryBytes } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import type { DecodedImage } from '../data/image-decoder.js';
import { imageDecoder, type DecoderOptions } from './decode-image.js';
import { blankPng } from '../../test/support/images.js';

async function decoded(image: Sharp | Uint8Array, options?: DecoderOptions): Promise<DecodedImage> {
  const bytes = image instanceof Uint8Array ? image : await image.toBuffer();
  return imageDecoder(options)(new MemoryBytes('folder/picture', new Uint8Array(bytes)));
}

function sharpOf(values: Uint8Array | Uint16Array, width: number, height: number, channels: 1 | 2 | 3 | 4): Sharp {
  return sharp(values, { raw: { width, height, channels } });
}

/** Six pixels of colours that PNG, GIF and lossless WebP keep. */
const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 10, 200, 30);
const plain = sharpOf(rgb, 3, 2, 3);

describe('what is decoded', () => {
  test.each([
    ['PNG', plain.clone().png()],
    ['palette PNG', plain.clone().png({ palette: true })],
    ['GIF', plain.clone().gif()],
    ['WebP', plain.clone().webp({ lossless: true })],
    ['TIFF', plain.clone().tiff({ compression: 'lzw' })],
    ['AVIF', plain.clone().avif({ lossless: true })],
  ])('%s', async (format, image) => {
    const { width, height, data, alpha } = await decoded(image);
    expect({ width, height, alpha }).toEqual({ width: 3, height: 2, alpha: undefined });
    // AVIF goes through YCbCr
    const tolerance = format === 'AVIF' ? 3 : 0;
    for (const [i, value] of rgb.entries()) expect(Math.abs(data[i] - value)).toBeLessThanOrEqual(tolerance);
  });

  test('gray is three equal channels', async () => {
    const { data } = await decoded(
      sharpOf(Uint8Array.of(0, 77, 255, 128), 2, 2, 1)
        .toColourspace('b-w')
        .png(),
    );
    expect([...data]).toEqual([0, 0, 0, 77, 77, 77, 255, 255, 255, 128, 128, 128]);
  });

  test('16 bits a channel keep their high byte', async () => {
    const deep = Uint16Array.of(0x0000, 0x12ff, 0xffff, 0x8000, 0x00ff, 0xabcd);
    const png = await sharpOf(deep, 2, 1, 3).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    expect([...(await decoded(png)).data]).toEqual([0x00, 0x12, 0xff, 0x80, 0x00, 0xab]);

    const gray = await sharpOf(deep.slice(1, 3), 2, 1, 1).toColourspace('grey16').png().toBuffer();
    expect(await sharp(gray).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
    expect([...(await decoded(gray)).data]).toEqual([0x12, 0x12, 0x12, 0xff, 0xff, 0xff]);
  });

  test('alpha stands beside colours that it has not touched; without transparency there is none', async () => {
    const half = await decoded(sharpOf(Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128), 2, 1, 4).png());
    expect([...half.data]).toEqual([10, 20, 30, 40, 50, 60]);
    expect([...(half.alpha ?? [])]).toEqual([0, 128]);
    const opaque = await decoded(sharpOf(Uint8Array.of(10, 20, 30, 255, 40, 50, 60, 255), 2, 1, 4).png());
    expect([...opaque.data]).toEqual([10, 20, 30, 40, 50, 60]);
    expect(opaque.alpha).toBeUndefined();
  });

  test('the first frame of an animation', async () => {
    const frames = Uint8Array.from({ length: 2 * 4 * 3 }, (_, i) => (i < 12 ? 200 : 20));
    const gif = await sharp(frames, { raw: { width: 2, height: 4, channels: 3, pageHeight: 2 } })
      .gif()
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    const { width, height, data } = await decoded(gif);
    expect([width, height, ...new Set(data)]).toEqual([2, 2, 200]);
  });

  test('the EXIF orientation is followed, or by choice not', async () => {
    const turned = plain.clone().withMetadata({ orientation: 3 }).png(); // half a turn
    expect([...(await decoded(turned)).data.subarray(0, 6)]).toEqual([10, 200, 30, 255, 255, 255]);
    expect((await decoded(turned, { exifRotation: false })).data).toEqual(rgb);
  });
});

describe('what is refused', () => {
  async function refusal(image: Sharp | Uint8Array, options?: DecoderOptions): Promise<InputError> {
    const thrown: unknown = await decoded(image, options).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(thrown instanceof InputError)) throw new Error(`expected an InputError, got ${String(thrown)}`);
    expect(thrown.message).toContain('decode folder/picture');
    return thrown;
  }

  const photo = async (): Promise<Uint8Array> =>
    sharpOf(
      Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24),
      64,
      64,
      3,
    )
      .jpeg()
      .toBuffer();

  test('a JPEG cut short anywhere', async () => {
    const bytes = await photo();
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      expect((await refusal(cut)).code).toBe('malformed');
    }
    await decoded(bytes);
  });

  test('a PNG cut short', async () => {
    const bytes = await plain.clone().png().toBuffer();
    expect((await refusal(bytes.subarray(0, bytes.length - 25))).code).toBe('malformed');
  });

  test('an empty file, text, and a kind that is not in the table', async () => {
    expect((await refusal(new Uint8Array(0))).message).toContain('got an empty file');
    expect((await refusal(new TextEncoder().encode('not an image'))).code).toBe('malformed');
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const { code, message } = await refusal(svg);
    expect([code, message]).toEqual(['unsupported', expect.stringContaining('expected one of jpeg, png')]);
  });

  test('20,000 x 20,000 pixels, by the header alone', async () => {
    const { code, message } = await refusal(blankPng(20_000, 20_000));
    expect(code).toBe('data');
    expect(message).toContain('expected at most 100000000 pixels, got 20000 x 20000, which is 400000000');
  });

  test('more than the limits that are set', async () => {
    expect((await refusal(plain.clone().png(), { maxPixels: 5 })).code).toBe('data');
    await decoded(plain.clone().png(), { maxPixels: 6 });
    expect((await refusal(plain.clone().png(), { maxBytes: 20 })).message).toContain('a file of at most 20 bytes');
  });
});
