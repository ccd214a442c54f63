import type { Command } from './command.js';

/** Every command: one file each, and one line here. */
export const commands: readonly Command[] = [];
