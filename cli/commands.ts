import type { Command } from './command.js';
import { bench } from './bench.js';
import { defend } from './defend.js';
import { evaluate } from './evaluate.js';
import { inspect } from './inspect.js';
import { resistivity } from './resistivity.js';

/** Every command: one file each, and one line here. */
export const commands: readonly Command[] = [bench, defend, evaluate, resistivity, inspect];
