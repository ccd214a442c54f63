import { z } from 'zod';

const heads = z.int().min(1).optional();

/** What `loadClip` and `openCheckpointAt` take. */
export const modelHelp =
  'checkpoint: a model folder, a weight file, the index of a sharded one, a model of the zoo (zoo:badnet), or one of the ' +
  'Hugging Face Hub (hf:owner/name[/file][@revision])';

/** Options of every command that opens a checkpoint: what shapes cannot tell and a config may lack. */
export const architectureShape = {
  visionHeads: heads.describe('attention heads of the vision tower, where no config tells'),
  textHeads: heads.describe('attention heads of the text tower, where no config tells'),
  activation: z.enum(['quick_gelu', 'gelu']).optional().describe('activation of the MLPs, where no config tells'),
};
