import type { TableEntry } from '../op.js';
import * as ops from './index.js';

/** Every op definition that `ops/index.ts` exports: what the shared tests and the docs run over. */
export const opTable: readonly TableEntry[] = Object.values(ops).filter((item) => typeof item === 'object');
