import type { InputErrorCode } from '../../../src/core/errors.js';
import { tinyStateDict } from '../../support/tiny-clip.js';

/** A folder that must be refused. */
export interface HostileFile {
  readonly name: string;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** The file to open; undefined for the folder. */
  readonly file?: string;
  readonly code: InputErrorCode;
  /** What the message must name. */
  readonly names: string;
}

/** The weights that hostile files pretend to hold. */
export const openai = await tinyStateDict('openai');
export const huggingface = await tinyStateDict('huggingface');

export const text = (content: string) => new TextEncoder().encode(content);
