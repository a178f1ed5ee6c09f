// Pause: an operator's word stops the dangerous deeds within one step. Adding and repairing stand before this rule.

import {type Outcome, pass, type Rule, wait} from './plan.ts';
import {because} from './reason.ts';
import type {View} from './view.ts';

export const pause: Rule = {name: 'pause', apply};

function apply({spec}: View): Outcome {
  return spec.pause === undefined ? pass : wait(because('Paused', spec.pause === '' ? 'no reason given' : spec.pause));
}
