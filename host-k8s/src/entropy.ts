// Random bytes of the operating system.

import {randomFillSync} from 'node:crypto';
import {failed, ok, type Ports} from '@etcd-encryption/rotation';
import {maxEntropyBytes} from './limits.ts';

export type EntropyPorts = Pick<Ports, 'entropy.bytes'>;

export function createEntropyPorts(): EntropyPorts {
  return {
    'entropy.bytes': async ({length}) => {
      if (!Number.isInteger(length) || length < 1 || length > maxEntropyBytes) {
        return failed('invalid', `length: expected a whole number from 1 to ${maxEntropyBytes}, got ${length}`);
      }
      try {
        return ok(randomFillSync(new Uint8Array(length)));
      } catch {
        return failed('unavailable', 'the operating system gave no random bytes');
      }
    },
  };
}
