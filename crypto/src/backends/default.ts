// Which backend works: the one that was given, or noble. None works before it is proven; each is proven once.

import type {Backend} from '../backend.ts';
import {nobleBackend} from './noble.ts';
import {isProven, proveBackend} from './prove.ts';

/** The backend itself if it is proven, else after its self-test; noble when none is given. Throws as `proveBackend`. */
export function defaultBackend(backend: Backend = nobleBackend): Backend {
  return isProven(backend) ? backend : proveBackend(backend);
}
