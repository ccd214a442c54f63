import type { PaperItem } from './item.js';

/** Every table and figure of the paper that can be made again. A new one is a file, and a line here. */
export const paperItems: readonly PaperItem[] = [];
