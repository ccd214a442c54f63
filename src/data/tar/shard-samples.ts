import { z } from 'zod';

import type { ByteSource } from '../../core/bytes.js';
import { InputError } from '../../core/errors.js';
import { imageKind } from '../image-formats.js';
import { parseJson } from '../text-file.js';
import { WindowBytes } from '../window-bytes.js';
import { tarMembers, type TarMember } from './tar-members.js';

/** What goes by one key in a shard. */
export interface ShardSample {
  /** Path up to the first dot of its last part: `000123`, `a/b`. */
  readonly key: string;
  readonly image?: TarMember;
  /** Text of `.txt`, or `caption` of `.json`. */
  readonly caption?: string;
  /** Text of `.cls`, or `label` or `cls` of `.json`: a class name or an index. */
  readonly label?: string;
}

/** Captions, labels and metadata are short. */
const maxTextBytes = 2 ** 20;

const metadata = z.object({
  caption: z.string().optional().catch(undefined),
  label: z.union([z.string(), z.int()]).optional().catch(undefined),
  cls: z.union([z.string(), z.int()]).optional().catch(undefined),
});

/**
 * The samples of a WebDataset shard in one pass: the members that stand one after the other with the same key. Headers
 * and texts are read, images are not. Members with other extensions are passed over.
 * @throws InputError as `tarMembers` does; (`data`) for two images under one key; (`malformed`) for texts that are none
 */
export async function* shardSamples(shard: ByteSource): AsyncGenerator<ShardSample, void, undefined> {
  const source = new WindowBytes(shard);
  let key: string | undefined;
  let members = new Map<string, TarMember>();
  for await (const member of tarMembers(source)) {
    const split = splitName(member.path);
    if (split === undefined) continue;
    if (key !== undefined && split.key !== key) {
      yield await toSample(source, key, members);
      members = new Map();
    }
    key = split.key;
    if (members.has(split.extension)) throw twice(source, member);
    members.set(split.extension, member);
  }
  if (key !== undefined) yield await toSample(source, key, members);
}

function twice({ name }: ByteSource, { path }: TarMember): InputError {
  return new InputError({
    code: 'data',
    operation: `read ${name}`,
    expected: 'every file once',
    received: `${path} twice`,
  });
}

/** Undefined for names without an extension, and for hidden files, which other programs leave behind. */
function splitName(path: string): { key: string; extension: string } | undefined {
  const folder = path.lastIndexOf('/') + 1;
  const dot = path.indexOf('.', folder);
  if (dot === -1 || dot === folder) return undefined;
  return { key: path.slice(0, dot), extension: path.slice(dot + 1).toLowerCase() };
}

async function toSample(
  source: ByteSource,
  key: string,
  members: ReadonlyMap<string, TarMember>,
): Promise<ShardSample> {
  const images = [...members].filter(
    ([extension]) => imageKind(`.${extension}`) !== 'other' && !extension.includes('.'),
  );
  if (images.length > 1) {
    throw new InputError({
      code: 'data',
      operation: `read ${source.name}`,
      expected: 'one image a key',
      received: images.map(([, { path }]) => path).join(', '),
    });
  }
  const text = async (extension: string): Promise<string | undefined> => {
    const member = members.get(extension);
    return member === undefined ? undefined : (await readMember(source, member)).trim();
  };
  const [written, classText] = [await text('txt'), await text('cls')];
  // img2dataset writes much into .json that is only wanted where nothing else tells
  const json = written === undefined || classText === undefined ? await text('json') : undefined;
  const more = json === undefined ? {} : readMetadata(json, `${source.name}/${key}.json`);
  const caption = written ?? more.caption?.trim();
  const label = classText ?? more.label ?? more.cls;
  return {
    key,
    ...(images.length === 0 ? {} : { image: images[0][1] }),
    ...(caption === undefined || caption === '' ? {} : { caption }),
    ...(label === undefined || label === '' ? {} : { label: String(label) }),
  };
}

async function readMember(source: ByteSource, { path, offset, size }: TarMember): Promise<string> {
  const name = `${source.name}/${path}`;
  if (size > maxTextBytes) {
    throw new InputError({
      code: 'data',
      operation: `read ${name}`,
      expected: `a text of at most ${maxTextBytes} bytes`,
      received: `${size} bytes`,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await source.read(offset, size));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new InputError({
      code: 'malformed',
      operation: `read ${name}`,
      expected: 'UTF-8 text',
      received: 'bytes that are not',
      cause,
    });
  }
}

function readMetadata(text: string, name: string): z.output<typeof metadata> {
  const parsed = metadata.safeParse(parseJson(text, name));
  return parsed.data ?? {};
}
