// What an errno means to whoever asked a port.

import type {PortError, PortErrorCode} from '@etcd-encryption/rotation';

const codes: Readonly<Record<string, PortErrorCode>> = {
  EEXIST: 'conflict',
  EBUSY: 'conflict',
  ENOTEMPTY: 'conflict',
  ETXTBSY: 'conflict',
  ENOENT: 'gone',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EISDIR: 'invalid',
  ENOTDIR: 'invalid',
  ELOOP: 'invalid',
  EINVAL: 'invalid',
  ENAMETOOLONG: 'invalid',
  EXDEV: 'invalid',
  EFBIG: 'invalid',
  ENXIO: 'invalid',
};

/**
 * The port error of a failed file operation on `path`. Everything unknown is `unavailable`: no space, no file handle, a
 * broken disk; a write that failed half-way is one of them, since what is on the disk is read again before it counts.
 */
export function portErrorOf(error: unknown, path: string): PortError {
  const errno = errnoOf(error) ?? 'EIO';
  return {code: codes[errno] ?? 'unavailable', message: `${path}: ${errno}`, reason: errno};
}

/** `ENOENT` and the like; `undefined` for anything that is no system error. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
