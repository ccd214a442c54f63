import type { Command } from './command.js';
import { inspect } from './inspect.js';

/** Every command: one file each, and one line here. */
export const commands: readonly Command[] = [inspect];
