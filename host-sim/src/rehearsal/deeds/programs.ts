// Faults of one program: it dies, is told nothing of its deed, sees an old view, or is not woken. Those that wait for
// its next deed strike when that comes.

import type {Arguments, OperationName, Result} from '@etcd-encryption/rotation';
import {failed, leaseResource, nodeReportResource} from '@etcd-encryption/rotation';
import type {Decorator} from '../../program.ts';
import {agentOf, type ManagedCluster, nodeOf} from '../managed.ts';
import type {CrashTarget, Deed, ProgramTarget} from '../model.ts';
import {clusterOf, type Stage} from '../stage.ts';
import type {Came} from './came.ts';
import {staleReader} from './stale.ts';

type Of<K extends Deed['kind']> = Extract<Deed, {kind: K}>;

/** A kubelet starts a container again after this, ms: at least, at most. */
const restartMs = {least: 1_000, most: 10_000} as const;

interface Target {
  readonly managed: ManagedCluster;
  readonly program: string;
  readonly node?: string;
}

/** The program that is meant. Agents read etcd here, so the one that scans is the agent that was asked last. */
function targetOf(stage: Stage, target: ProgramTarget): Target {
  if (target.program === 'agent') {
    const {managed} = nodeOf(stage.world.clusters, target.node);
    return {managed, program: agentOf(managed.name, target.node), node: target.node};
  }
  const managed = clusterOf(stage, target.cluster);
  if (target.program === 'controller') return {managed, program: managed.controller};
  const node = managed.ring()?.scan?.node ?? managed.cluster.nodes[0]?.name ?? '';
  return {managed, program: agentOf(managed.name, node), node};
}

const runs = ({world: {simulation}}: Stage, program: string): boolean =>
  ['running', 'sleeping'].includes(simulation.programState(program).state);

export function crash(stage: Stage, {target, after, before}: Of<'crash'>, came: Came): void {
  if (target.program === 'server') {
    crashServer(stage, {target, when: after ?? before, isAfter: after !== undefined}, came);
    return;
  }
  const found = targetOf(stage, target);
  if (after === undefined && before === undefined) {
    if (runs(stage, found.program)) die(stage, found, came);
    return;
  }
  atNextDeed(stage, found, (next) => {
    const answer = before === undefined ? next() : failed('unavailable', 'the program ended before it asked');
    die(stage, found, came);
    return answer;
  });
}

function die(stage: Stage, {managed, program, node}: Target, came: Came): void {
  const {simulation} = stage.world;
  stage.strike('crash', managed, {what: `${program} dies`, deed: 'crash', ...(node === undefined ? {} : {node})});
  simulation.killProgram(program);
  const {least, most} = restartMs;
  const delayMs = simulation.world.random.stream(program, 'restart').integer(least, most);
  stage.scheduler.after(delayMs, program, () => {
    const isOff = node !== undefined && stage.away.has(node);
    if (!isOff && !runs(stage, program)) simulation.restartProgram(program);
  });
  came();
}

export function unknownAnswer(stage: Stage, {target}: Of<'unknownAnswer'>, came: Came): void {
  const found = targetOf(stage, target);
  const {managed, program, node} = found;
  atNextDeed(stage, found, (next) => {
    // In the phase that the deed ends, if it ends one.
    const what = `${program} is not told whether its deed took effect`;
    stage.strike('unknownAnswer', managed, {what, deed: 'unknownAnswer', ...(node === undefined ? {} : {node})});
    next();
    came();
    return failed('ambiguous', 'the connection was lost', {reason: 'ECONNRESET'});
  });
}

/** Lets something happen to the program's next deed; it stays armed until then or until everything is put right. */
function atNextDeed(
  {world, heals}: Stage,
  {program}: Target,
  happens: (next: () => Result<unknown>) => Result<unknown>,
): void {
  const undo = world.simulation.decorate(program, (op, args, next) => {
    if (!isDeed(op, args)) return next();
    disarm();
    return happens(next);
  });
  const disarm = heals(undo);
}

const deeds: ReadonlySet<OperationName> = new Set<OperationName>([
  'store.create',
  'store.replace',
  'store.rewrite',
  'store.delete',
  'files.write',
  'files.rename',
]);

/** What a program does to the world for good; its lease and its report are no deeds. */
export function isDeed(op: OperationName, args: unknown): boolean {
  if (!deeds.has(op)) return false;
  const {resource} = args as Partial<Arguments<'store.replace'>>;
  return resource?.plural !== leaseResource.plural && resource?.plural !== nodeReportResource.plural;
}

export function staleView(stage: Stage, {target, forMs}: Of<'staleView'>, came: Came): void {
  const {managed, program, node} = targetOf(stage, target);
  if (!runs(stage, program)) return;
  const what = `${program} sees the API as it is now for ${forMs} ms`;
  stage.strike('staleView', managed, {what, deed: 'staleView', ...(node === undefined ? {} : {node})});
  const read = staleReader(managed.cluster);
  const decorator: Decorator = (op, args, next) => read(op, args) ?? next();
  const undo = stage.heals(stage.world.simulation.decorate(program, decorator));
  stage.scheduler.after(forMs, program, undo);
  came();
}

export function missedEvents(stage: Stage, {target, forMs}: Of<'missedEvents'>, came: Came): void {
  const {managed, program, node} = targetOf(stage, target);
  if (!runs(stage, program)) return;
  const what = `no watch wakes ${program} for ${forMs} ms`;
  stage.strike('missedEvent', managed, {what, deed: 'missedEvents', ...(node === undefined ? {} : {node})});
  const undo = stage.heals(stage.world.simulation.deafen(program));
  stage.scheduler.after(forMs, program, undo);
  came();
}

interface ServerCrash {
  readonly target: Extract<CrashTarget, {program: 'server'}>;
  readonly when: 'deed' | undefined;
  readonly isAfter: boolean;
}

/** A server's deed is that it loads a file: before it, a changed file lies there; after it, the file is loaded. */
function crashServer(stage: Stage, {target, when, isAfter}: ServerCrash, came: Came): void {
  const {managed, node} = nodeOf(stage.world.clusters, target.node);
  const strikes = (): void => {
    if (node.server === undefined) return;
    stage.strike('crash', managed, {what: `kube-apiserver of ${node.name} dies`, deed: 'crash', node: node.name});
    node.restart();
    came();
  };
  if (when === undefined) {
    strikes();
    return;
  }
  let armed = true;
  const soon = (): void => {
    if (!armed) return;
    armed = false;
    stage.scheduler.after(0, `rehearsal/${node.name}`, strikes);
  };
  stage.heals(() => {
    armed = false;
  });
  managed.cluster.observe({
    onFile: (changed) => {
      if (!isAfter && changed === node) soon();
    },
    onServer: (changed, _server, what) => {
      if (isAfter && changed === node && what === 'loaded') soon();
    },
  });
}
