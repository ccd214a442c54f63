import type { ConfigClaims, TowerClaims } from '../checkpoint/config-claims.js';
import { InputError } from '../core/errors.js';
import type { ClipArchitecture, TowerArchitecture } from './architecture.js';

/**
 * The architecture that a config describes by itself, without a checkpoint beside it.
 * @throws InputError (`unsupported`) listing the sizes it does not give
 */
export function configuredArchitecture({ file, vision, text, embedDim }: ConfigClaims): ClipArchitecture {
  const missing: string[] = [];
  const need = (name: string, value: number | undefined): number => {
    if (value === undefined) missing.push(name);
    return value ?? 1;
  };
  const tower = (name: string, claims: TowerClaims): TowerArchitecture => {
    const width = need(`${name} width`, claims.width);
    return {
      width,
      layers: need(`${name} layers`, claims.layers),
      heads: need(`${name} heads`, claims.heads),
      mlpWidth: claims.mlpWidth ?? 4 * width,
      activation: claims.activation ?? 'quick_gelu',
      normEpsilon: claims.normEpsilon ?? 1e-5,
    };
  };
  const architecture: ClipArchitecture = {
    vision: {
      ...tower('vision', vision),
      imageSize: need('image size', vision.imageSize),
      patchSize: need('patch size', vision.patchSize),
    },
    text: {
      ...tower('text', text),
      contextLength: need('context length', text.contextLength),
      vocabularySize: need('vocabulary size', text.vocabularySize),
      endOfText: text.endOfTextId === undefined ? { kind: 'argmax' } : { kind: 'id', id: text.endOfTextId },
    },
    embedDim: need('width of the embeddings', embedDim),
  };
  if (missing.length === 0) return architecture;
  throw new InputError({
    code: 'unsupported',
    operation: `read an architecture from ${file}`,
    expected: 'a config that gives every size',
    received: `one without ${missing.join(', ')}`,
  });
}
