import type { Command } from './command.js';
import { defend } from './defend.js';
import { inspect } from './inspect.js';

/** Every command: one file each, and one line here. */
export const commands: readonly Command[] = [defend, inspect];
