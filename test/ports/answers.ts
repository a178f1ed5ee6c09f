// Reading a port's answer in a test: the value, or the error that was expected.

import type {PortError, Result} from '@etcd-encryption/rotation';
import {expect} from 'vitest';

/** The value of a success; a failure fails the test with its own words. */
export function expectValue<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`expected a value, got ${result.error.code}: ${result.error.message}`);
  return result.value;
}

/** Expects a failure of this code, and of this reason when one is given. */
export function expectError(result: Result<unknown>, code: PortError['code'], reason?: string): PortError {
  if (result.ok) throw new Error(`expected ${code}, got a value`);
  expect(result.error.code).toBe(code);
  if (reason !== undefined) expect(result.error.reason).toBe(reason);
  return result.error;
}
