import type { Command } from './command.js';
import { bench } from './bench.js';
import { convert } from './convert.js';
import { defend } from './defend.js';
import { demo } from './demo.js';
import { evaluate } from './evaluate.js';
import { exportCommand } from './export.js';
import { inspect } from './inspect.js';
import { optimisePatch } from './optimise-patch.js';
import { paper } from './paper.js';
import { poison } from './poison.js';
import { report } from './report.js';
import { pretrain } from './pretrain.js';
import { resistivity } from './resistivity.js';
import { scenes } from './scenes.js';
import { sweep } from './sweep.js';
import { trainIssba } from './train-issba.js';
import { triggerApply, triggerList, triggerPreview } from './trigger.js';

/** Every command, in the order of the help: a new one is a file, and a line here. */
export const commands: readonly Command[] = [
  demo,
  bench,
  defend,
  evaluate,
  resistivity,
  sweep,
  paper,
  report,
  exportCommand,
  inspect,
  convert,
  optimisePatch,
  poison,
  scenes,
  pretrain,
  triggerList,
  triggerPreview,
  triggerApply,
  trainIssba,
];
