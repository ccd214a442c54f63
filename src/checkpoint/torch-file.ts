import type { PickleTensor, PickleValue } from './pickle-value.js';
import type { StoredTensor } from './stored-tensor.js';

/** How PyTorch packed a file. */
export type TorchContainer = 'torch-zip' | 'torch-legacy' | 'torchscript';

/** A file of `torch.save` or `torch.jit.save`, its pickle read and its tensors not. */
export interface TorchFile {
  readonly container: TorchContainer;
  /** What was saved. */
  readonly root: PickleValue;
  /**
   * Finds a tensor's bytes.
   * @throws InputError when its storage is missing or has another size than the pickle says.
   */
  locate(name: string, tensor: PickleTensor): Promise<StoredTensor>;
}

/** The largest pickle that is read: optimizer state of the largest CLIP needs about a megabyte. */
export const maximumPickleBytes = 2 ** 25;
