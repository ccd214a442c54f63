import type { OnnxProgram } from '../graph/onnx/lower.js';
import type { IntTensor, Tensor } from '../tensor/tensor.js';

export type Feeds = Readonly<Record<string, Tensor | IntTensor>>;

/** A compiled program that runs. */
export interface Session extends AsyncDisposable {
  /** How many runs go on side by side; further ones wait for their turn. */
  readonly lanes: number;
  /**
   * Runs the program once. Feeds must have the shapes that the graph declared.
   * @param given names of feeds whose memory the session may keep: they are empty afterwards, and need not be copied
   * @throws Error when a feed is missing, unknown or of another shape
   */
  run(feeds: Feeds, given?: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
}

/** Where programs run: a provider on a host. */
export interface Runtime {
  /** How the runtime is called in plans and provenance: `cpu, 2 threads`. */
  readonly description: string;
  /** @internal */
  readonly provider: OnnxProgram['provider'];
  /** The most lanes that a session of this runtime may have. */
  readonly lanes: number;
  /**
   * @param lanes runs that should go on side by side, each with its share of the threads and weights of its own
   * @internal
   */
  compile(program: OnnxProgram, lanes?: number): Promise<Session>;
}
