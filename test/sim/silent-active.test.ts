// No Active for two intervals: each side says so in its status, whatever it takes itself for, unless it is the Active.

import {annotation} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EnginePair} from './engine-pair.ts';
import {minuteMs} from './pairs.ts';

const alarm = 'ActiveSilent';
const intervalMs = 20 * minuteMs;
const quick = {interval: '20m0s', deterministic: {approvalDelay: '1m'}};

describe('L8', () => {
  test('an operator states Standby on the only Active ⇒ nobody is one, and both raise the alarm after two intervals', () => {
    const both = new EnginePair(quick);
    both.begin();
    both.east.annotateRing(annotation.role, 'Standby');
    both.runFor(1.4 * intervalMs);
    for (const side of [both.east, both.west]) expect(side.said).not.toContain(alarm);
    both.runFor(1.2 * intervalMs);
    for (const side of [both.east, both.west]) expect(side.said).toContain(alarm);
    expect(both.east.said).toContain('RoleKnown False');
    expect(both.west.said).toContain('RoleKnown True Standby');
    for (const side of [both.east, both.west]) expect(side.said).toContain('Degraded True');
  });

  test('the Active is lost and nobody promotes ⇒ the Standby raises the alarm', () => {
    const both = new EnginePair(quick);
    both.begin();
    for (const {name} of both.east.cluster.nodes) both.pair.simulation.powerLoss(name);
    both.runFor(2.6 * intervalMs);
    expect(both.west.said).toContain(alarm);
    expect(both.west.said).toContain('RoleKnown True Standby');
  });

  test('the Synchronizer goes and comes to nobody ⇒ the side it left is Unknown and raises the alarm, the Active does not', () => {
    const both = new EnginePair(quick);
    both.begin();
    both.pair.synchronizers.west.uninstall();
    both.runFor(2.6 * intervalMs);
    expect(both.west.said).toContain(alarm);
    expect(both.west.said).toContain('RoleKnown False');
    expect(both.east.said).not.toContain(alarm);
  });
});
