// One round of two sides: they take turns in short slices, so that whatever else the machine does falls on both alike.
// The clock is wall time. A slice in which other programs had the processor says nothing of our work and is taken again.

import {performance} from 'node:perf_hooks';
import type {HereSide, Side} from './case.ts';
import {heldPart, sliceMs} from './limits.ts';
import type {Pair} from './statistics.ts';

/** A side that is warm. */
export interface WarmSide {
  readonly side: Side;
  /** Units that one run does. */
  readonly units: number;
  /** Milliseconds that one run took when the side had become warm. */
  readonly runMs: number;
}

/** A round's times, and whether other programs disturbed one of its slices as often as it was taken. */
export type Round = Pair & {readonly disturbed: boolean};

/** Wall time of some work, and whether other programs had the processor for a while. */
type Sample = {readonly ms: number; readonly disturbed: boolean};

export type RoundEffort = {
  /** Milliseconds that each side works. */
  readonly sampleMs: number;
  /** How often a disturbed slice is taken again before the least disturbed one counts. */
  readonly retakes: number;
};

/** Runs a side until it is warm. One that measures itself is always as warm as it wants to be. */
export async function warmUp(side: Side, units: number, warmUpMs: number): Promise<WarmSide> {
  if (side.kind === 'elsewhere') return {side, units, runMs: 0};
  const until = performance.now() + warmUpMs;
  let times = 1;
  for (;;) {
    const {ms} = await takeSlice(side, times, 0);
    if (performance.now() >= until) return {side, units, runMs: ms / times};
    if (ms < sliceMs) times *= 2;
  }
}

/** Takes one round in which each side works for about `sampleMs`; `first` begins each pair of turns. */
export async function takeRound(
  ours: WarmSide,
  rival: WarmSide,
  effort: RoundEffort & {readonly first: 'ours' | 'rival'},
): Promise<Round> {
  const {turns, turnMs} = planTurns(ours, rival, effort.sampleMs);
  const [one, other] = effort.first === 'ours' ? [ours, rival] : [rival, ours];
  const total = {one: 0, other: 0};
  let disturbed = false;
  for (let turn = 0; turn < turns; turn++) {
    const [a, b] = [await takeTurn(one, turnMs, effort.retakes), await takeTurn(other, turnMs, effort.retakes)];
    total.one += a.unitNs / turns;
    total.other += b.unitNs / turns;
    disturbed ||= a.disturbed || b.disturbed;
  }
  if (effort.first === 'ours') return {ours: total.one, rival: total.other, disturbed};
  return {ours: total.other, rival: total.one, disturbed};
}

/**
 * How the sides of a round take turns: the same time for both, as long as the slower needs for one run. A side in
 * another process has one turn, for it takes long to begin.
 */
export function planTurns(
  ours: WarmSide,
  rival: WarmSide,
  sampleMs: number,
): {readonly turns: number; readonly turnMs: number} {
  if (ours.side.kind === 'elsewhere' || rival.side.kind === 'elsewhere') return {turns: 1, turnMs: sampleMs};
  const turnMs = Math.min(sampleMs, Math.max(sliceMs, ours.runMs, rival.runMs));
  return {turns: Math.max(1, Math.round(sampleMs / turnMs)), turnMs};
}

/** Nanoseconds for one unit, over about `turnMs` in as many slices as fit. */
async function takeTurn(
  {side, units, runMs}: WarmSide,
  turnMs: number,
  retakes: number,
): Promise<{readonly unitNs: number; readonly disturbed: boolean}> {
  if (side.kind === 'elsewhere') return {unitNs: await side.measure(turnMs), disturbed: false};
  const times = Math.max(1, Math.round(sliceMs / runMs));
  const slices = Math.max(1, Math.round(turnMs / (times * runMs)));
  const samples: Sample[] = [];
  for (let slice = 0; slice < slices; slice++) samples.push(await takeSlice(side, times, retakes));
  const ms = samples.reduce((sum, sample) => sum + sample.ms, 0);
  return {unitNs: (1e6 * ms) / (slices * times * units), disturbed: samples.some((sample) => sample.disturbed)};
}

/** Takes a slice until one is undisturbed; at last the least disturbed counts. */
async function takeSlice(side: HereSide, times: number, retakes: number): Promise<Sample> {
  let least = {ms: 0, held: -1};
  for (let taken = 0; taken <= retakes; taken++) {
    const before = process.threadCpuUsage();
    const started = performance.now();
    const running = side.run(times);
    // What is asynchronous waits for other threads, so who had the processor cannot be told.
    if (running !== undefined) await running;
    const ms = performance.now() - started;
    if (running !== undefined) return {ms, disturbed: false};
    const {user, system} = process.threadCpuUsage(before);
    const held = (user + system) / 1000 / ms;
    if (held >= heldPart) return {ms, disturbed: false};
    if (held > least.held) least = {ms, held};
  }
  return {ms: least.ms, disturbed: true};
}
