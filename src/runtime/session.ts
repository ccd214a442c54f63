import type { OnnxProgram } from '../graph/onnx/lower.js';
import type { IntTensor, Tensor } from '../tensor/tensor.js';

export type Feeds = Readonly<Record<string, Tensor | IntTensor>>;

/** A compiled program that runs. */
export interface Session extends AsyncDisposable {
  /**
   * Runs the program once. Feeds must have the shapes that the graph declared.
   * @throws Error when a feed is missing, unknown or of another shape
   */
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
}

/** Where programs run: a provider on a host. */
export interface Runtime {
  /** How the runtime is called in plans and provenance: `cpu, 2 threads`. */
  readonly description: string;
  readonly provider: OnnxProgram['provider'];
  compile(program: OnnxProgram): Promise<Session>;
}
