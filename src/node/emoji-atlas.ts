import { fileURLToPath } from 'node:url';

import { openEmojiAtlas, type EmojiAtlas } from '../world/atlas.js';
import { assetFolder } from './assets.js';
import { imageDecoder } from './decode-image.js';
import { DiskFolder } from './files.js';
import { sha256 } from './sha256.js';

/** Sheets are far smaller. */
const maxSheetPixels = 2 ** 26;

/** The emoji atlas of a folder, the package's own where none is given. @throws InputError as {@link openEmojiAtlas}. */
export async function loadEmojiAtlas(folder = fileURLToPath(new URL('emoji/', assetFolder()))): Promise<EmojiAtlas> {
  return openEmojiAtlas(new DiskFolder(folder), { decode: imageDecoder({ maxPixels: maxSheetPixels }), sha256 });
}
