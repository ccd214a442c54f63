import { describe, expect, test } from 'vitest';

import { MemoryBytes, type ByteSource, type Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { raster } from '../core/raster.js';
import type { DecodedImage } from './image-decoder.js';
import { ImageLoader, type Batch, type LoadOptions } from './loader.js';
import type { Preprocess } from './preprocess.js';

const preprocess: Preprocess = { imageSize: 2, resizeTo: 2, resizeMode: 'crop', mean: [0, 0, 0], std: [1, 1, 1] };
const samples = Array.from({ length: 7 }, (_, i) => ({ path: String(i), label: i % 3 }));

/** A folder whose file `n` is the byte n, and counts what is open. */
class Bytes implements Folder {
  readonly name = 'bytes';
  openNow = 0;

  list(): Promise<[]> {
    return Promise.resolve([]);
  }

  has(): Promise<boolean> {
    return Promise.resolve(true);
  }

  open(path: string): Promise<ByteSource & AsyncDisposable> {
    this.openNow++;
    const file = new MemoryBytes(path, Uint8Array.of(Number(path)));
    return Promise.resolve(
      Object.assign(file, {
        [Symbol.asyncDispose]: () => {
          this.openNow--;
          return Promise.resolve();
        },
      }),
    );
  }
}

/** Every byte of image n is n; later images are done sooner; `broken` ones fail. */
function decoder(broken: readonly number[] = []): (source: ByteSource) => Promise<DecodedImage> {
  return async (source) => {
    const [n] = await source.read(0, 1);
    await new Promise((done) => setTimeout(done, 20 - 2 * n));
    if (broken.includes(n)) {
      throw new InputError({
        code: 'malformed',
        operation: `decode ${source.name}`,
        expected: 'an image',
        received: 'none',
      });
    }
    return raster(2, 2, new Uint8Array(12).fill(n));
  };
}

function loader(options: Partial<LoadOptions> = {}): ImageLoader {
  return new ImageLoader({ images: new Bytes(), samples, decode: decoder(), preprocess, ...options });
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

describe('ImageLoader', () => {
  test('keeps the order, whichever image is decoded first', async () => {
    const batches = await collect(loader().batches(3));
    expect(batches.map(({ indices }) => indices)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(batches.map(({ labels }) => labels)).toEqual([[0, 1, 2], [0, 1, 2], [0]]);
    expect(batches.map(({ pixelValues }) => pixelValues.shape)).toEqual([
      [3, 3, 2, 2],
      [3, 3, 2, 2],
      [1, 3, 2, 2],
    ]);
    const values = batches.flatMap(({ pixelValues }) => [...pixelValues.data]);
    expect(values).toEqual(samples.flatMap((_, i) => new Array<number>(12).fill(Math.fround(i / 255))));
  });

  test('decodes ahead, and no further than it is told', async () => {
    let started = 0;
    const decode = (): Promise<DecodedImage> => {
      started++;
      return Promise.resolve(raster(2, 2, new Uint8Array(12)));
    };
    const images = loader({ decode, ahead: 2 }).images();
    await images.next();
    await new Promise((done) => setTimeout(done, 10));
    expect(started).toBe(3); // the one handed out and two more
    await images.next();
    await new Promise((done) => setTimeout(done, 10));
    expect(started).toBe(4);
    await images.return();
  });

  test('skips broken images by choice, fills batches up, and names them', async () => {
    const images = loader({ decode: decoder([1, 4]), onBroken: 'skip' });
    const batches = await collect(images.batches(2));
    expect(batches.map(({ indices }) => indices)).toEqual([[0, 2], [3, 5], [6]]);
    expect(images.broken.map(({ sample, error }) => [sample.path, error.code])).toEqual([
      ['1', 'malformed'],
      ['4', 'malformed'],
    ]);
    // a second pass counts afresh
    await collect(images.batches(7));
    expect(images.broken).toHaveLength(2);
  });

  test('fails at the first broken image otherwise, in the order of the list', async () => {
    await expect(collect(loader({ decode: decoder([2, 5]) }).batches(1))).rejects.toThrow('decode 2');
  });

  test('does not take another mistake for a broken image', async () => {
    const crop = (): never => {
      throw new InputError({ code: 'data', operation: 'apply the trigger', expected: 'room', received: 'none' });
    };
    await expect(collect(loader({ crop, onBroken: 'skip' }).batches(1))).rejects.toThrow('apply the trigger');
    const decode = (): Promise<never> => Promise.reject(new TypeError('a bug'));
    await expect(collect(loader({ decode, onBroken: 'skip' }).batches(1))).rejects.toThrow(TypeError);
  });

  test('closes every file, also when it is left early', async () => {
    const images = new Bytes();
    for await (const { index } of loader({ images, decode: decoder([3]), onBroken: 'skip' }).images()) {
      if (index === 1) break;
    }
    await new Promise((done) => setTimeout(done, 40));
    expect(images.openNow).toBe(0);
  });

  test('hands each image to `crop` with its sample and its place', async () => {
    const seen: [string, number, number][] = [];
    const crop: LoadOptions['crop'] = (image, sample, index) => {
      seen.push([sample.path, index, image.data[0]]);
      return image;
    };
    await collect(loader({ crop, samples: samples.slice(4) }).batches(8));
    expect(seen.sort()).toEqual([
      ['4', 0, 4],
      ['5', 1, 5],
      ['6', 2, 6],
    ]);
  });
});
