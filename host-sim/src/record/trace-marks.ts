// Lines of the trace that a report shows as marks: what befell programs, servers and the Synchronizer.

import type {TraceLine} from '../trace.ts';
import type {Mark} from './model.ts';

interface Saying {
  readonly kind: Mark['kind'];
  readonly what: string;
  readonly text: (entity: string, detail: string) => string;
}

const sayings: Readonly<Record<string, Saying>> = {
  'program-killed': {kind: 'fault', what: 'crash', text: (entity) => `${entity} is killed`},
  'program-restarted': {kind: 'step', what: 'restart', text: (entity) => `${entity} starts again`},
  'server-start-refused': {
    kind: 'fault',
    what: 'refused',
    text: (entity, why) => `the server of ${entity} does not start: ${why}`,
  },
  'mirror-installed': {kind: 'operator', what: 'install', text: () => 'the Synchronizer is installed'},
  'mirror-uninstalled': {kind: 'operator', what: 'uninstall', text: () => 'the Synchronizer is uninstalled'},
  'mirror-killed': {kind: 'step', what: 'ends', text: () => 'the Synchronizer’s process ends'},
  'mirror-stalled': {
    kind: 'fault',
    what: 'stall',
    text: (_, ms) => `the Synchronizer copies nothing for ${Number(ms) / 1_000} s`,
  },
  'mirror-resync': {
    kind: 'step',
    what: 'resync',
    text: (_, count) => `the Synchronizer copies everything: ${count} keys`,
  },
  active: {kind: 'failover', what: 'becomes Active', text: (entity) => `${entity} is an Active from now on`},
  standby: {kind: 'failover', what: 'becomes Standby', text: (entity) => `${entity} is a Standby from now on`},
};

/** The mark of a line, but for its cluster; undefined for what is no mark. */
export function markOf({entity, event, detail}: TraceLine): Pick<Mark, 'kind' | 'what' | 'text'> | undefined {
  const saying = sayings[event];
  if (saying === undefined) return undefined;
  const name = entity.slice(entity.indexOf('/') + 1);
  return {kind: saying.kind, what: saying.what, text: saying.text(name, detail)};
}
