import type { PaperItem } from './item.js';
import { figure1 } from './items/figure1.js';
import { figure3 } from './items/figure3.js';
import { figure4 } from './items/figure4.js';
import { figure5 } from './items/figure5.js';
import { figure6 } from './items/figure6.js';
import { figure7 } from './items/figure7.js';
import { figure8 } from './items/figure8.js';
import { figure9 } from './items/figure9.js';
import { table1 } from './items/table1.js';
import { table10 } from './items/table10.js';
import { table11 } from './items/table11.js';
import { table12 } from './items/table12.js';
import { table2 } from './items/table2.js';
import { table3 } from './items/table3.js';
import { table4 } from './items/table4.js';
import { table5 } from './items/table5.js';
import { table6 } from './items/table6.js';
import { table7 } from './items/table7.js';
import { table8 } from './items/table8.js';
import { table9 } from './items/table9.js';

/** Every table and figure of the paper that can be made again. A new one is a file, and a line here. */
export const paperItems: readonly PaperItem[] = [
  table1,
  table2,
  table3,
  table4,
  table5,
  table6,
  table7,
  table8,
  table9,
  table10,
  table11,
  table12,
  figure1,
  figure3,
  figure4,
  figure5,
  figure6,
  figure7,
  figure8,
  figure9,
];
