// Rehearsals that are a little smaller than a given one, the largest steps first. Each is complete in itself: nothing of
// it names a cluster or node that it does not have.

import type {Chaos, ClusterPlan, Deed, ObjectCount, Rehearsal, Settings, TimelineEntry} from '../rehearsal/model.ts';

/** What can be made smaller, in the order in which it is worth trying. */
export const steps: readonly ((rehearsal: Rehearsal) => Iterable<Rehearsal>)[] = [
  withoutChaos,
  withoutEntries,
  withoutDeeds,
  withoutExpectations,
  withOneCluster,
  withFewerNodes,
  withFewerObjects,
  withSimplerClusters,
  withShorterDeeds,
  withShorterWaits,
];

function* withoutChaos(rehearsal: Rehearsal): Iterable<Rehearsal> {
  const {chaos} = rehearsal;
  const none: Chaos = {profile: 'none'};
  if ('profile' in chaos && chaos.profile === 'none') return;
  yield {...rehearsal, chaos: none};
  if (!('classes' in chaos) || chaos.classes.length < 2) return;
  for (const left of chaos.classes) {
    yield {...rehearsal, chaos: {classes: chaos.classes.filter((each) => each !== left)}};
  }
}

/** Parts of the timeline go, from half of it down to single entries; what stays keeps its time if it can. */
function* withoutEntries(rehearsal: Rehearsal): Iterable<Rehearsal> {
  const {timeline} = rehearsal;
  for (let size = Math.ceil(timeline.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < timeline.length; from += size) {
      const [before, gone, after] = [
        timeline.slice(0, from),
        timeline.slice(from, from + size),
        timeline.slice(from + size),
      ];
      const waited = delayed(after, waitOf(gone));
      if (waited !== after) yield {...rehearsal, timeline: [...before, ...waited]};
      yield {...rehearsal, timeline: [...before, ...after]};
    }
  }
}

/** How long the entries wait at least, ms. */
function waitOf(entries: readonly TimelineEntry[]): number {
  return entries.reduce((sum, entry) => {
    const inside = entry.deeds.reduce((ms, deed) => ms + (deed.kind === 'advance' ? deed.byMs : 0), 0);
    return sum + inside + (entry.kind === 'after' ? entry.delayMs : 0);
  }, 0);
}

function delayed(entries: readonly TimelineEntry[], byMs: number): readonly TimelineEntry[] {
  const [first, ...rest] = entries;
  if (first?.kind !== 'after' || byMs === 0) return entries;
  return [{...first, delayMs: first.delayMs + byMs}, ...rest];
}

function* withoutDeeds(rehearsal: Rehearsal): Iterable<Rehearsal> {
  for (const [at, entry] of rehearsal.timeline.entries()) {
    if (entry.deeds.length < 2) continue;
    for (const index of entry.deeds.keys()) {
      const deeds = entry.deeds.filter((_, other) => other !== index);
      yield {...rehearsal, timeline: rehearsal.timeline.with(at, {...entry, deeds})};
    }
  }
}

function* withoutExpectations(rehearsal: Rehearsal): Iterable<Rehearsal> {
  const {expect} = rehearsal;
  // A file has at least one, and this one holds for every run anyway.
  if (expect.length > 0) yield {...rehearsal, expect: [{kind: 'always', invariant: 'readable'}]};
  if (expect.length < 2) return;
  for (const index of expect.keys()) {
    yield {...rehearsal, expect: expect.filter((_, other) => other !== index)};
  }
}

function* withOneCluster(rehearsal: Rehearsal): Iterable<Rehearsal> {
  const [active, standby] = rehearsal.clusters.toSorted((a, b) => a.role.localeCompare(b.role));
  if (active === undefined || standby === undefined || isNamed(rehearsal, [standby.name, ...standby.nodes])) return;
  const {replication: _, ...rest} = rehearsal;
  if (JSON.stringify(rest.timeline).includes('"replication"')) return;
  yield {...rest, clusters: [active]};
}

function* withFewerNodes(rehearsal: Rehearsal): Iterable<Rehearsal> {
  for (const cluster of rehearsal.clusters) {
    for (const node of cluster.nodes) {
      if (cluster.nodes.length < 2 || isNamed(rehearsal, [node])) continue;
      yield replaced(rehearsal, {...cluster, nodes: cluster.nodes.filter((each) => each !== node)});
    }
  }
}

/** Whether a deed, fact or expectation names one of these clusters or nodes. */
function isNamed({timeline, expect}: Rehearsal, names: readonly string[]): boolean {
  const text = JSON.stringify([timeline, expect]);
  return names.some((name) => text.includes(JSON.stringify(name)));
}

function* withFewerObjects(rehearsal: Rehearsal): Iterable<Rehearsal> {
  for (const cluster of rehearsal.clusters) {
    for (const field of ['objects', 'localObjects'] as const) {
      const counts = cluster[field];
      if (counts === undefined) continue;
      const {[field]: _, ...without} = cluster;
      yield replaced(rehearsal, without);
      for (const fewer of fewerOf(counts)) yield replaced(rehearsal, {...cluster, [field]: fewer});
    }
  }
}

function* fewerOf(counts: readonly ObjectCount[]): Iterable<readonly ObjectCount[]> {
  for (const [at, each] of counts.entries()) {
    if (counts.length > 1) yield counts.toSpliced(at, 1);
    if (each.count > 1) yield counts.with(at, {...each, count: Math.floor(each.count / 2)});
  }
}

/** Nobody writes, no clock is ahead, and what is copied comes at its usual pace. */
function* withSimplerClusters(rehearsal: Rehearsal): Iterable<Rehearsal> {
  for (const cluster of rehearsal.clusters) {
    const {writes, ...quiet} = cluster;
    if (writes !== undefined) yield replaced(rehearsal, quiet);
    const {lateWrites, ...prompt} = cluster;
    if (lateWrites !== undefined) yield replaced(rehearsal, prompt);
    const {clockSkewMs, ...exact} = cluster;
    if (clockSkewMs !== undefined) yield replaced(rehearsal, exact);
  }
  const {replication} = rehearsal;
  if (replication?.lag === undefined) return;
  const {lag: _, ...usual} = replication;
  yield {...rehearsal, replication: usual};
}

const replaced = (rehearsal: Rehearsal, cluster: ClusterPlan): Rehearsal => ({
  ...rehearsal,
  clusters: rehearsal.clusters.map((each) => (each.name === cluster.name ? cluster : each)),
});

function* withShorterDeeds(rehearsal: Rehearsal): Iterable<Rehearsal> {
  for (const [at, entry] of rehearsal.timeline.entries()) {
    for (const [index, deed] of entry.deeds.entries()) {
      for (const shorter of shorterDeeds(deed)) {
        const deeds = entry.deeds.with(index, shorter);
        yield {...rehearsal, timeline: rehearsal.timeline.with(at, {...entry, deeds})};
      }
    }
  }
}

function* shorterDeeds(deed: Deed): Iterable<Deed> {
  if ('forMs' in deed && deed.forMs !== undefined) {
    for (const forMs of shorterTimes(deed.forMs)) yield {...deed, forMs};
  } else if ('ageMs' in deed) {
    for (const ageMs of shorterTimes(deed.ageMs)) yield {...deed, ageMs};
  } else if (deed.kind === 'advance') {
    for (const byMs of shorterTimes(deed.byMs)) yield {...deed, byMs};
  } else if (deed.kind === 'clock') {
    for (const byMs of shorterTimes(Math.abs(deed.byMs))) yield {...deed, byMs: Math.sign(deed.byMs) * byMs};
  }
}

function* withShorterWaits(rehearsal: Rehearsal): Iterable<Rehearsal> {
  for (const [at, entry] of rehearsal.timeline.entries()) {
    if (entry.kind !== 'after' || entry.delayMs === 0) continue;
    for (const delayMs of [0, ...shorterTimes(entry.delayMs)]) {
      yield {...rehearsal, timeline: rehearsal.timeline.with(at, {...entry, delayMs})};
    }
  }
  const {settings} = rehearsal;
  if ('fromConfig' in settings) return;
  for (const shorter of shorterSettings(settings)) yield {...rehearsal, settings: shorter};
}

/** Settings that go back to the product's defaults. */
function* shorterSettings(settings: Settings): Iterable<Settings> {
  for (const name of ['revisions', 'promotionGraceMs', 'resources'] as const) {
    const {[name]: value, ...rest} = settings;
    if (value !== undefined) yield rest;
  }
}

/** Half of a time, and the time in whole units that people read at a glance; never 0. */
function shorterTimes(ms: number): readonly number[] {
  const half = Math.floor(ms / 2);
  const units = [3_600_000, 60_000, 1_000].filter((unit) => ms > unit && ms % unit !== 0);
  const round = units.slice(0, 1).map((unit) => Math.floor(ms / unit) * unit);
  return [...new Set([half >= 1_000 ? half : 0, ...round])].filter((each) => each > 0 && each < ms);
}
