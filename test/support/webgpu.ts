import { existsSync } from 'node:fs';

import { OnnxRuntime } from '../../src/node/onnx-runtime.js';

/** Where Debian's chromium package puts the manifest of its software Vulkan driver. */
const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * A WebGPU runtime when this machine has a Vulkan driver: the one that VK_ICD_FILENAMES names, or chromium's software
 * driver. Otherwise none, said aloud. Nothing may fall back to the CPU unnoticed.
 */
export function webgpuRuntime(options: { forbidFallback: boolean } = { forbidFallback: true }): OnnxRuntime[] {
  if (process.env['VK_ICD_FILENAMES'] === undefined && existsSync(softwareDriver)) {
    process.env['VK_ICD_FILENAMES'] = softwareDriver;
  }
  if (process.env['VK_ICD_FILENAMES'] !== undefined)
    return [new OnnxRuntime({ device: 'webgpu', threads: 1, ...options })];
  process.stderr.write('webgpu tests skipped: no VK_ICD_FILENAMES, and no chromium software Vulkan driver\n');
  return [];
}
