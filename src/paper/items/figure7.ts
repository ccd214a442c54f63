import { triggerResistivity } from '../trigger-resistivity.js';

export const figure7 = triggerResistivity({
  name: 'figure7',
  title: 'Figure 7: perturbation resistivity under patch triggers',
  question: 'How far does a trigger that is a patch move the class token, block by block?',
});
