// The controllers' lease: it is taken, kept and given back by what is seen on one's own clock.

import {
  driveSync,
  failed,
  newLeaseMemory,
  ok,
  type PortError,
  type StoredObject,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {holdLease, releaseLease} from '../../rotation/src/act/lease.ts';
import {now} from './fixtures.ts';

/** A store that holds one lease. */
class OneLease {
  object: StoredObject | undefined;
  failing: PortError | undefined;
  reads = 0;
  #version = 1;

  get ports(): Partial<SyncPorts> {
    const write = ({object}: {object: StoredObject}) => {
      if (this.failing !== undefined) return failed(this.failing.code, this.failing.message);
      if (object.metadata.resourceVersion !== this.object?.metadata.resourceVersion) return failed('conflict', '409');
      this.object = {...object, metadata: {...object.metadata, uid: 'lease', resourceVersion: String(this.#version++)}};
      return ok(this.object);
    };
    return {
      'store.get': () => {
        this.reads++;
        return this.failing === undefined ? ok(this.object) : failed(this.failing.code, this.failing.message);
      },
      'store.create': write,
      'store.replace': write,
    };
  }
}

const at = (ms: number) => ({wallMs: now + ms, monotonicMs: 1_000_000 + ms});
const holder = (lease: OneLease): unknown =>
  (lease.object?.spec as {holderIdentity?: string} | undefined)?.holderIdentity;

describe('lease', () => {
  test('there is none ⇒ taken, and not written again within 3 s', () => {
    const lease = new OneLease();
    const a = newLeaseMemory('a');
    expect(driveSync(holdLease(a, at(0)), lease.ports)).toBe(true);
    expect(lease.object?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      renewTime: '2025-06-15T15:06:40.000000Z',
      acquireTime: '2025-06-15T15:06:40.000000Z',
    });
    expect(driveSync(holdLease(a, at(2_999)), lease.ports)).toBe(true);
    expect(lease.reads).toBe(1);
    expect(driveSync(holdLease(a, at(3_000)), lease.ports)).toBe(true);
    expect(lease.object?.spec).toMatchObject({
      renewTime: '2025-06-15T15:06:43.000000Z',
      acquireTime: '2025-06-15T15:06:40.000000Z',
    });
  });

  test('another holds it and renews ⇒ waits for ever', () => {
    const lease = new OneLease();
    const [a, b] = [newLeaseMemory('a'), newLeaseMemory('b')];
    for (let ms = 0; ms < 120_000; ms += 3_000) {
      expect(driveSync(holdLease(a, at(ms)), lease.ports)).toBe(true);
      expect(driveSync(holdLease(b, at(ms)), lease.ports)).toBe(false);
    }
  });

  test('another holds it and is silent ⇒ taken 15 s after its last change was seen here, whatever times it wrote', () => {
    const lease = new OneLease();
    driveSync(holdLease(newLeaseMemory('a'), {wallMs: now + 9e9, monotonicMs: 5}), lease.ports);
    const b = newLeaseMemory('b');
    expect(driveSync(holdLease(b, at(0)), lease.ports)).toBe(false);
    expect(driveSync(holdLease(b, at(14_999)), lease.ports)).toBe(false);
    expect(driveSync(holdLease(b, at(15_000)), lease.ports)).toBe(true);
    expect(holder(lease)).toBe('b');
  });

  test('taken over meanwhile ⇒ no longer leads', () => {
    const lease = new OneLease();
    const [a, b] = [newLeaseMemory('a'), newLeaseMemory('b')];
    driveSync(holdLease(a, at(0)), lease.ports);
    driveSync(holdLease(b, at(0)), lease.ports);
    driveSync(holdLease(b, at(15_000)), lease.ports);
    expect(driveSync(holdLease(a, at(15_000)), lease.ports)).toBe(false);
    expect(a.leading).toBe(false);
  });

  test('the API does not answer ⇒ leads on for 12 s, not longer', () => {
    const lease = new OneLease();
    const a = newLeaseMemory('a');
    driveSync(holdLease(a, at(0)), lease.ports);
    lease.failing = {code: 'unavailable', message: 'refused'};
    expect(driveSync(holdLease(a, at(11_999)), lease.ports)).toBe(true);
    expect(driveSync(holdLease(a, at(12_000)), lease.ports)).toBe(false);
  });

  test('two write at once ⇒ only one leads', () => {
    const lease = new OneLease();
    const b = newLeaseMemory('b');
    const program = holdLease(b, at(0));
    program.next();
    driveSync(holdLease(newLeaseMemory('a'), at(0)), lease.ports);
    program.next(ok(undefined));
    const last = program.next(failed('conflict', '409'));
    expect(last).toEqual({done: true, value: false});
  });

  test('given back ⇒ the next one need not wait', () => {
    const lease = new OneLease();
    const [a, b] = [newLeaseMemory('a'), newLeaseMemory('b')];
    driveSync(holdLease(a, at(0)), lease.ports);
    driveSync(releaseLease(a), lease.ports);
    expect(holder(lease)).toBe('');
    expect(driveSync(holdLease(b, at(1)), lease.ports)).toBe(true);
  });

  test('not leading ⇒ gives nothing back', () => {
    const lease = new OneLease();
    driveSync(holdLease(newLeaseMemory('a'), at(0)), lease.ports);
    driveSync(releaseLease(newLeaseMemory('b')), lease.ports);
    expect(holder(lease)).toBe('a');
  });
});
