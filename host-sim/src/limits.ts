// Every bound and period of the simulated world, with its unit and where it comes from.

import {idlePeriodMs} from '@etcd-encryption/rotation';

/** Wall time at virtual time zero, Unix ms: 2026-01-01T00:00:00Z. Any fixed instant would do. */
export const defaultEpochMs = 1_767_225_600_000;
/** Latency of a request over the network or to the disk, ms. */
export const minLatencyMs = 1;
export const maxLatencyMs = 20;
/** Time a kube-apiserver needs from start to serving, ms. */
export const minStartMs = 2_000;
export const maxStartMs = 5_000;
/** The kubelet tries a static pod that ends again after this, ms. */
export const startRetryMs = 30_000;
/** A server renews the Lease of its identity this often, ms (k8s.io/apiserver). */
export const leaseRenewalMs = 10_000;
/** Such a Lease lives this long, s. */
export const leaseDurationSeconds = 3_600;
/** An address stays in the endpoints of the `kubernetes` service for this long after its server was killed, ms. */
export const endpointLifeMs = 15_000;
/** kube-apiserver compacts this often, up to the revision it saw one period before, ms. */
export const compactionMs = 300_000;
/** Longest that a hint of a watch takes, ms. */
export const maxHintMs = 50;
/** Longest that a refused file may lie on one node: a poll, then the agent's period and its requests, ms. */
export const refusedFileMs = 60_000 + 30_000 + 10_000;
/** The Synchronizer renews its Lease this often, ms, and it lives this long, s (client-go's leader election). */
export const mirrorRenewalMs = 2_000;
export const mirrorLeaseSeconds = 15;
/** Lag of a Synchronizer that nothing hinders: mean and most, ms. */
export const mirrorLagMeanMs = 1_000;
export const mirrorLagMaxMs = 30_000;
/** Keys that a Synchronizer copies a second while it reads everything. */
export const resyncKeysPerSecond = 500;
/** A Synchronizer tries again after this when an etcd does not answer, ms. */
export const mirrorRetryMs = 1_000;
/** While a Standby lags behind, whether it may still do so is judged this often, ms. */
export const lagCheckMs = 1_000;
/** Most encryptions under one key on one side (rotation.md S13). */
export const encryptionBudget = 2 ** 31;
/** A server that started before any agent must read everything by then: one poll and one agent period, ms. */
export const ungatedStartMs = 60_000 + 30_000 + 60_000;
/** Before a fault, what was left out since then is done, ms: the longest that a program rests, and a little. */
export const catchUpMs = idlePeriodMs + 1_000;
/** A program looks again after this even where nothing changes, ms: what is only counted is seen then. */
export const longestRestMs = 3_600_000;
/** One that has looked for so long since a fault sees of every lease whether it is renewed still, ms. */
export const settleMs = 15_000;
/** The same of the reports of agents. */
export const calmMs = idlePeriodMs + 10_000;
/** Most events of one call of `runUntil`; more means that nothing moves time forward. */
export const maxEvents = 50_000_000;
/** Requests that a program may make without time passing (clock, seal, trace); more is an endless loop. */
export const maxInstantRequests = 1_000_000;
/** Lines of the trace that are kept for people; the hash covers all of them. */
export const keptTraceLines = 400;
/** Largest object the API takes, bytes (etcd's request limit). */
export const maxObjectBytes = 1_572_864;
/** How often a user retries a write that another write overtook. */
export const userRetries = 5;
/** Failures of users that are kept word for word; the rest are counted. */
export const keptFailures = 20;
/** Marks that a recording keeps: what a page of about one megabyte can show. */
export const maxMarks = 600;
/** Intervals that a recording keeps of one server. */
export const maxLaneIntervals = 400;
/** Bundles, phases and roles that a recording keeps of one cluster, each. */
export const maxBands = 600;
/** Steps of the counts of values and of the backlog that a recording keeps of one cluster. */
export const maxValueSteps = 1_500;
export const maxBacklogSteps = 500;
/** Changes of values, and of the backlog, up to this share of all are left out of a recording. */
export const valueShare = 0.01;
export const backlogShare = 0.25;
/** Smaller changes of the backlog are left out of a recording: a few values are always on their way. */
export const shownBacklogChange = 3;
/** A phase that is shorter and changes nothing is left out of a recording: a look at etcd now and then, ms. */
export const shownPhaseMs = 1_000;
