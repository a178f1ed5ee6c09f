// Clock, randomness and trace of one program.

import {failed, ok, type SyncPorts} from '@etcd-encryption/rotation';
import {Cron} from 'croner';
import type {Stream} from '../prng.ts';
import type {Cluster} from '../world/cluster.ts';
import type {SimNode} from '../world/node.ts';

export function createToolPorts(
  cluster: Cluster,
  node: SimNode | undefined,
  {program, stream}: {readonly program: string; readonly stream: Stream},
): Pick<SyncPorts, 'clock.now' | 'clock.nextStart' | 'clock.sleep' | 'entropy.bytes' | 'trace.event'> {
  const {scheduler, trace} = cluster.world;
  return {
    'clock.now': () =>
      ok({
        wallMs: node === undefined ? cluster.wallMs() : node.wallMs(),
        monotonicMs: node === undefined ? scheduler.nowMs : node.monotonicMs(),
      }),
    'clock.nextStart': ({cron, timeZone, afterMs}) => {
      try {
        const next = new Cron(cron, {timezone: timeZone, mode: '5-part', paused: true}).nextRun(new Date(afterMs));
        return ok(next?.getTime());
      } catch (error) {
        return failed('invalid', error instanceof Error ? error.message : 'a cron rule that cannot be read');
      }
    },
    // The driver of a simulation lets time pass; whoever asks this port directly has slept for no time at all.
    'clock.sleep': () => ok('slept'),
    'entropy.bytes': ({length}) => ok(stream.bytes(length)),
    'trace.event': ({event}) => {
      const {event: name, ...fields} = event;
      trace.record(scheduler.nowMs, entityOf(cluster, program), name, JSON.stringify(fields));
      return ok(undefined);
    },
  };
}

/** A program of a pair has its cluster in its name already: `east/controller`. */
export const entityOf = ({name}: Cluster, program: string): string =>
  program.startsWith(`${name}/`) ? program : `${name}/${program}`;
