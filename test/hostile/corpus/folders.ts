import { writeSafetensors } from '../../../src/checkpoint/safetensors.js';
import { huggingface, type HostileFile } from './hostile-file.js';
import { entry, withHeader } from './safetensors.js';

const index = (map: Record<string, string>) => JSON.stringify({ weight_map: map });

/** Folders that are not a model's, and files that are not checkpoints. */
export const hostileFolders: readonly HostileFile[] = [
  {
    name: 'a shard outside the folder',
    files: { 'model.safetensors.index.json': index({ a: '../../secrets.safetensors' }) },
    code: 'hostile',
    names: '../../secrets.safetensors',
  },
  {
    name: 'an index without shards',
    files: { 'model.safetensors.index.json': index({}) },
    code: 'hostile',
    names: '0 files',
  },
  {
    name: 'an index that is no index',
    files: { 'model.safetensors.index.json': '{}' },
    code: 'malformed',
    names: 'weight_map',
  },
  {
    name: 'a shard that is not there',
    files: { 'model.safetensors.index.json': index({ a: 'one.safetensors' }) },
    code: 'missing',
    names: 'one.safetensors',
  },
  {
    name: 'a tensor in another shard than the index says',
    files: {
      'model.safetensors.index.json': index({ a: 'one.safetensors', b: 'one.safetensors' }),
      'one.safetensors': withHeader(JSON.stringify({ a: entry('F32', [1], 0, 4) })),
    },
    code: 'mismatch',
    names: '"b" not in one.safetensors',
  },
  {
    name: 'a config that is not JSON',
    files: { 'model.safetensors': writeSafetensors(huggingface), 'config.json': '{' },
    code: 'malformed',
    names: 'config.json',
  },
  {
    name: 'a config of 2 MB',
    files: { 'model.safetensors': writeSafetensors(huggingface), 'config.json': ' '.repeat(2 ** 21) },
    code: 'malformed',
    names: '2097152 bytes',
  },
  { name: 'an empty folder', files: {}, code: 'missing', names: 'an empty folder' },
  { name: 'a folder of something else', files: { 'readme.md': 'x' }, code: 'missing', names: 'readme.md' },
  {
    name: 'an empty file',
    files: { 'model.pt': new Uint8Array(0) },
    file: 'model.pt',
    code: 'malformed',
    names: 'cut short',
  },
  {
    name: 'a web page',
    files: { 'model.dat': '<!doctype html>' },
    file: 'model.dat',
    code: 'unsupported',
    names: '<!doctype html>',
  },
  {
    name: 'a pointer of Git LFS',
    files: { 'model.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:0' },
    code: 'unsupported',
    names: 'git lfs pull',
  },
];
