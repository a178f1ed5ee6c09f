// The small forms of a rehearsal file: names, durations, rates, resources, and references to what the file declares.

import type {ClusterPlan, CrashTarget, ProgramTarget, Rate} from '@etcd-encryption/host-sim';
import {formatDuration, parseDuration, resourceProblem} from '@etcd-encryption/rotation';
import {type Codec, checked, scalar, text} from './codec.ts';
import {list, oneOrMore} from './composite.ts';
import {maxClusters, maxDurationMs, maxExplanationLength, maxNodes, maxWrites} from './limits.ts';
import {type Place, quote, type Reading, report} from './place.ts';

/** A DNS label that begins with a letter, as names of clusters and nodes are here. */
const label = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const name = text('a name of a-z, 0-9 and - that begins with a letter', (value) => label.test(value));

/** A sentence or two in one paragraph. */
export const explanation = text(`up to ${maxExplanationLength} characters of plain text in one paragraph`, (value) =>
  isParagraph(value),
);
const isParagraph = (value: string): boolean =>
  value.length > 0 &&
  value.length <= maxExplanationLength &&
  value === value.trim() &&
  value.isWellFormed() &&
  !/[\p{Cc}\p{Zl}\p{Zp}\ufeff]/u.test(value);

/** Path of a file, beside the rehearsal or absolute. */
export const filePath = text('the path of a file', (value) => value.length <= 1_024 && isParagraph(value));

const toMs = (value: string | undefined): number | undefined => {
  const ms = value === undefined ? undefined : parseDuration(value);
  return ms !== undefined && ms <= maxDurationMs ? ms : undefined;
};
/** As people write it: `168h` for what Go prints as `168h0m0s`. */
const fromMs = (ms: number): string => formatDuration(ms).replace(/(?<=h)0m0s$|(?<=m)0s$/, '');
const durationText = (value: unknown, source: string | undefined): string | undefined =>
  typeof value === 'string' ? value : value === 0 ? source : undefined;

/** A Go duration without a sign, up to ten years, in ms; parts of a millisecond are rounded. */
export const duration: Codec<number> = scalar({
  expected: `a duration such as 1h30m, at most ${fromMs(maxDurationMs)}`,
  decode: (value, source) => toMs(durationText(value, source)),
  encode: fromMs,
});

/** The same, and not nothing. */
export const positiveDuration: Codec<number> = scalar({
  expected: `a duration such as 20m, more than 0 and at most ${fromMs(maxDurationMs)}`,
  decode: (value) => (typeof value === 'string' ? toMs(value) : undefined) || undefined,
  encode: fromMs,
});

/** The same with a sign. */
export const signedDuration: Codec<number> = scalar({
  expected: `a duration such as 40s or -40s, at most ${fromMs(maxDurationMs)} either way`,
  decode: (value, source) => {
    const written = durationText(value, source);
    const behind = written?.startsWith('-') === true;
    const ms = toMs(behind ? written?.slice(1) : written);
    return behind && ms !== undefined ? 0 - ms : ms;
  },
  encode: (ms) => (ms < 0 ? `-${fromMs(-ms)}` : fromMs(ms)),
});

/** `2/s`, `30/m`, `1/h`. */
export const rate: Codec<Rate> = scalar({
  expected: `a rate such as 2/s, 30/m or 1/h, from 1 to ${maxWrites}`,
  decode: (value) => {
    const [, digits, unit] = (typeof value === 'string' ? /^([1-9]\d{0,3})\/([smh])$/.exec(value) : null) ?? [];
    const per = (['s', 'm', 'h'] as const).find((each) => each === unit);
    const count = Number(digits);
    return per === undefined || count > maxWrites ? undefined : {count, per};
  },
  encode: ({count, per}) => `${count}/${per}`,
});

/** A resource as EtcdEncryptionConfig names it; `*.` and the like only there. */
export const resourceOrAll = text(
  'a resource that can be encrypted, such as secrets or leases.coordination.k8s.io',
  (value) => resourceProblem(value) === undefined,
);
export const resource = text(
  resourceOrAll.expected,
  (value) => !value.includes('*') && resourceProblem(value) === undefined,
);
/** What an encryption configuration covers: each resource once. */
export const resources: Codec<readonly string[]> = list(resourceOrAll, {
  expected: 'a list of at least one resource',
  least: 1,
  most: 100,
  check: eachOnce('resource'),
});

/** Notes each text of a list that stood there before. */
export function eachOnce(what: string) {
  return (items: readonly (string | undefined)[], places: readonly Place[], reading: Reading): void => {
    for (const [index, item] of items.entries()) {
      const place = places[index];
      if (item !== undefined && place !== undefined && items.indexOf(item) < index)
        report(reading, place, `each ${what} once`, `${quote(item)} again`);
    }
  };
}

const nodesOf = (clusters: ReadonlyMap<string, ClusterPlan>): readonly string[] =>
  [...clusters.values()].flatMap(({nodes}) => nodes);
const listed = (names: Iterable<string>): string => [...names].join(', ');

/** The name of a cluster of this file. */
export const clusterName: Codec<string> = checked(name, (value, place, reading) => {
  const {clusters} = reading;
  if (clusters !== undefined && !clusters.has(value))
    report(reading, place, `one of the clusters ${listed(clusters.keys())}`);
});

/** The same, in a file with two of them: what is done needs the other side. */
export const pairedCluster: Codec<string> = checked(clusterName, (value, place, reading) => {
  if (reading.clusters !== undefined && reading.clusters.size < maxClusters)
    report(reading, place, 'a pair of clusters for this', `only ${value}`);
});

/** One cluster, or a list of them. */
export const clusterNames: Codec<readonly string[]> = oneOrMore(clusterName, {
  expected: 'the name of a cluster, or a list of such names',
  most: maxClusters,
  check: eachOnce('cluster'),
});

/** The name of a node of any cluster of this file. */
export const nodeName: Codec<string> = checked(name, (value, place, reading) => {
  const nodes = nodesOf(reading.clusters ?? new Map());
  if (reading.clusters !== undefined && !nodes.includes(value))
    report(reading, place, `one of the nodes ${listed(nodes)}`);
});

export const nodeNames: Codec<readonly string[]> = list(name, {
  expected: `a list of 1 to ${maxNodes} names`,
  least: 1,
  most: maxNodes,
});

const checkTarget = (target: CrashTarget, place: Place, reading: Reading): void => {
  const {clusters} = reading;
  if (clusters === undefined) return;
  const [kind, names, used] =
    'node' in target
      ? (['node', nodesOf(clusters), target.node] as const)
      : (['cluster', [...clusters.keys()], target.cluster] as const);
  if (!names.includes(used)) report(reading, place, `one of the ${kind}s ${listed(names)} before /${target.program}`);
};

const encodeTarget = (target: CrashTarget): string =>
  `${'node' in target ? target.node : target.cluster}/${target.program}`;

function decodeTarget(value: unknown): CrashTarget | undefined {
  const [of = '', program, more] = typeof value === 'string' ? value.split('/') : [];
  if (!label.test(of) || more !== undefined) return undefined;
  if (program === 'controller' || program === 'scanner') return {cluster: of, program};
  return program === 'agent' || program === 'server' ? {node: of, program} : undefined;
}

/** `east/controller`, `e1/agent` or `e1/server`. */
export const crashTarget: Codec<CrashTarget> = checked(
  scalar<CrashTarget>({
    expected: 'CLUSTER/controller, CLUSTER/scanner, NODE/agent or NODE/server',
    decode: decodeTarget,
    encode: encodeTarget,
  }),
  checkTarget,
);

/** A program of ours: `east/controller` or `e1/agent`. */
export const programTarget: Codec<ProgramTarget> = checked(
  scalar<ProgramTarget>({
    expected: 'CLUSTER/controller, CLUSTER/scanner or NODE/agent',
    decode: (value) => {
      const target = decodeTarget(value);
      return target === undefined || target.program === 'server' ? undefined : (target as ProgramTarget);
    },
    encode: encodeTarget,
  }),
  checkTarget,
);

/** The name of a cluster or node of this file. */
export const placeName: Codec<string> = checked(name, (value, place, reading) => {
  const {clusters} = reading;
  const names = [...(clusters?.keys() ?? []), ...nodesOf(clusters ?? new Map())];
  if (clusters !== undefined && !names.includes(value)) report(reading, place, `one of ${listed(names)}`);
});
