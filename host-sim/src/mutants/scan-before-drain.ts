// Nobody waits for requests that began under the older key.

import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const scanBeforeDrain: Mutant = {
  name: 'scan taken before the drain',
  what: 'the clean scan is taken, and counts, while requests under the older key may still commit',
  diesBy: ['S1 readable', 'S3 drop after need'],
  parts: () => withRule('drop', (apply) => (view) => apply({...view, observation: {...view.observation, drainMs: 0}})),
};
