import type { ByteSource, FileStore } from '../../core/bytes.js';
import { InputError } from '../../core/errors.js';
import { firstFew } from '../problems.js';
import { withFile } from '../text-file.js';
import { PartOfFile } from '../part-of-file.js';
import { shardSamples, type ShardSample } from './shard-samples.js';

/** Where a member lies. */
interface Place {
  readonly shard: string;
  readonly offset: number;
  readonly size: number;
}

/** A sample, and the path by which its image is opened. */
export interface IndexedSample extends ShardSample {
  /** `shard-000.tar/000123.jpg`; where there is no image `shard-000.tar/000123`. */
  readonly path: string;
}

/**
 * The images of tar shards, read where they lie: nothing is unpacked to disk, and any order of access works alike.
 */
export class Shards implements FileStore {
  readonly name: string;
  /** In the order of the shards and of their members. */
  readonly samples: readonly IndexedSample[];
  readonly #folder: FileStore;
  readonly #places: ReadonlyMap<string, Place>;

  private constructor(folder: FileStore, samples: readonly IndexedSample[], places: ReadonlyMap<string, Place>) {
    this.name = folder.name;
    this.samples = samples;
    this.#folder = folder;
    this.#places = places;
  }

  /**
   * Goes through the headers of the shards once.
   * @throws InputError that says what is wrong with which shard, or lists the shards that are not there
   */
  static async index(folder: FileStore, shards: readonly string[]): Promise<Shards> {
    const present = await Promise.all(shards.map((shard) => folder.has(shard)));
    const absent = shards.filter((_, i) => !present[i]);
    if (absent.length > 0) {
      throw new InputError({
        code: 'missing',
        operation: `read the shards in ${folder.name}`,
        expected: `${shards.length} of them`,
        received: `none at ${firstFew(absent)}`,
        fix: 'Check the path.',
      });
    }
    const samples: IndexedSample[] = [];
    const places = new Map<string, Place>();
    for (const shard of shards) {
      await withFile(folder, shard, async (file) => {
        for await (const sample of shardSamples(file)) {
          const path = `${shard}/${sample.image?.path ?? sample.key}`;
          samples.push({ ...sample, path });
          if (sample.image !== undefined) {
            places.set(path, { shard, offset: sample.image.offset, size: sample.image.size });
          }
        }
      });
    }
    return new Shards(folder, samples, places);
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.#places.has(path));
  }

  async open(path: string): Promise<ByteSource> {
    const place = this.#places.get(path);
    if (place === undefined) {
      throw new InputError({
        code: 'missing',
        operation: `open ${path}`,
        expected: `an image of the shards in ${this.name}`,
        received: 'none of that path',
      });
    }
    const shard: ByteSource & Partial<AsyncDisposable> = await this.#folder.open(place.shard);
    try {
      return new PartOfFile(shard, `${this.name}/${path}`, place.offset, place.size);
    } catch (thrown) {
      // the shard has become shorter since it was indexed
      await shard[Symbol.asyncDispose]?.();
      throw thrown;
    }
  }
}
