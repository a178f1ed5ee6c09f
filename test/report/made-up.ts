// A recording made by hand: two clusters, a failover in the middle of an activation, a violation, and names that would
// be markup if anybody forgot to escape them.

import {type Lane, type LaneInterval, type Recording, recordingVersion} from '@etcd-encryption/host-sim';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const hostile = '<img src=x onerror=alert(1)>"\'&';
export const [first, second] = ['r1-0a1b2c3d', 'r2-4e5f6071'] as const;
/** Begin, activation of r2, failover, end; ms. */
export const at = {activate: 168 * hourMs, failover: 168 * hourMs + 3 * minuteMs, end: 170 * hourMs} as const;

const serving = (fromMs: number, toMs: number, writeKey: string, ...readKeys: readonly string[]): LaneInterval => ({
  fromMs,
  toMs,
  state: 'serving',
  writeKey,
  readKeys,
});

const activeLane = (node: string, lateMs: number): Lane => ({
  node,
  intervals: [
    serving(0, at.activate + lateMs, first, 'clear', second),
    {...serving(at.activate + lateMs, at.failover, second, 'clear', first), state: 'draining'},
    {fromMs: at.failover, toMs: at.end, state: 'down', writeKey: '', readKeys: []},
  ],
});

const standbyLane = (node: string): Lane => ({
  node,
  intervals: [
    serving(0, at.failover + minuteMs, first, second),
    serving(at.failover + minuteMs, at.end, second, first),
  ],
});

export const madeUp: Recording = {
  v: recordingVersion,
  title: `failover ${hostile}`,
  explanation: 'The Active is lost while r2 is activated.',
  seed: 4711,
  settings: [{name: 'rotation interval', value: hostile}],
  verdict: {state: 'violated', text: 'S1 readable does not hold on w1'},
  virtualMs: at.end,
  clusters: [
    {
      name: 'east',
      lanes: [activeLane('e1', 20_000), activeLane(hostile, 40_000)],
      values: {
        keys: ['clear', first, second],
        steps: [
          {atMs: 0, counts: [10, 90, 0]},
          {atMs: at.activate + 20_000, counts: [10, 60, 30]},
        ],
      },
      bundles: [{fromMs: 5_000, toMs: at.end, writer: 'east', bundle: 'ab1c58fc', generation: 2, revisions: [1, 2]}],
      roles: [{fromMs: 0, toMs: at.end, name: 'Active'}],
      phases: [
        {fromMs: 0, toMs: at.activate, name: 'Idle'},
        {fromMs: at.activate, toMs: at.end, name: 'Converging'},
      ],
      backlog: [{atMs: 0, count: 0}],
    },
    {
      name: 'west',
      lanes: [standbyLane('w1')],
      values: {keys: [first], steps: [{atMs: 0, counts: [100]}]},
      bundles: [
        {fromMs: 9_000, toMs: at.failover, writer: 'east', bundle: 'ab1c58fc', generation: 2, revisions: [1, 2]},
        {fromMs: at.failover, toMs: at.end, writer: 'west', bundle: 'ab1c58fc', generation: 3, revisions: [1, 2, 3]},
      ],
      roles: [
        {fromMs: 0, toMs: at.failover, name: 'Standby'},
        {fromMs: at.failover, toMs: at.end, name: 'Active, says Unknown'},
      ],
      phases: [{fromMs: 0, toMs: at.end, name: 'Idle'}],
      backlog: [
        {atMs: 0, count: 0},
        {atMs: at.activate, count: 40},
        {atMs: at.failover, count: 0},
      ],
    },
  ],
  marks: [
    {atMs: 2_000, cluster: 'east', node: '', kind: 'deed', what: 'publish', text: 'r1 is published'},
    {atMs: at.activate, cluster: 'east', node: '', kind: 'deed', what: 'activate', text: `${second} ${hostile}`},
    {atMs: at.activate, cluster: 'east', node: 'e1', kind: 'step', what: 'mint', text: 'made'},
    {atMs: at.failover, cluster: 'east', node: 'e1', kind: 'fault', what: 'power loss', text: 'e1 loses its power'},
    {atMs: at.failover, cluster: 'west', node: '', kind: 'failover', what: 'failover', text: 'west is an Active'},
    {atMs: at.failover + 500, cluster: 'west', node: '', kind: 'operator', what: 'role', text: 'states the role'},
    {atMs: at.failover + 900, cluster: '', node: '', kind: 'violation', what: 'S1 readable', text: 'on w1'},
  ],
  cuts: ['east: the 3 oldest phases'],
};
