import { triggerResistivity } from '../trigger-resistivity.js';

export const figure8 = triggerResistivity({
  name: 'figure8',
  title: 'Figure 8: perturbation resistivity under triggers over the whole image',
  question: 'How far does a trigger that lies over the whole image move the class token, block by block?',
});
