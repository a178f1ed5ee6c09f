// Every bound of the engine, with its unit and why it is that large.

/** Longest timer a plan may ask for, ms: deadlines are stored times, so a long sleep buys nothing (rotation.md "Time"). */
export const maxSleepMs = 60_000;
/** Period while something is under way, ms. */
export const busyPeriodMs = 1_000;
/** Period at rest, ms. */
export const idlePeriodMs = 30_000;
/** How often a kube-apiserver polls its file, ms (k8s.io/apiserver, measured). */
export const pollPeriodMs = 60_000;
/** Polls after which a file that is not loaded becomes a condition. */
export const reloadDeadlinePolls = 3;
/** A member that never had a file and is absent everywhere leaves after this, ms. */
export const memberGraceMs = 600_000;
/** Longest request a kube-apiserver may still be serving, ms (`--request-timeout`). */
export const requestTimeoutMs = 60_000;
/** Drain of a stopping kube-apiserver, ms (`--shutdown-delay-duration` and the graceful period of kubeadm). */
export const shutdownDrainMs = 130_000;
/** A request under an older key may still run for this long after the last server changed its write key, ms. */
export const defaultDrainMs = requestTimeoutMs + shutdownDrainMs;
/** A lease renewed within this is alive, ms; servers renew every 10 s and leases live an hour. */
export const leaseAliveMs = 40_000;
/**
 * A process's start is told in ticks after the start of the machine, which Linux tells in whole seconds and tells anew
 * when the clock is corrected. Two starts nearer than this are one process, ms; no server is ready again that soon.
 */
export const processStartToleranceMs = 1_500;
/** A file that a server refused is tried again after this, ms, or as soon as the server is another process. */
export const retryRefusedMs = 3_600_000;
/**
 * An agent's report that says nothing new is written again after this, ms, counted between beginnings of periods: at rest
 * by every one, also where that begins a little early.
 */
export const heartbeatMs = idlePeriodMs - 5_000;
/** What an agent said tells what its server can read now for this long, ms: until its next report, and some delay. */
export const wordLivesMs = idlePeriodMs + 15_000;
/** An agent that has not reported for this long is named, ms: three periods at rest. */
export const agentSilentMs = 3 * idlePeriodMs;
/** A status in which only encryptions are counted on is written after this, ms. */
export const countsToldMs = 3_600_000;
/** How long a repair of a file is told, ms. */
export const repairShownMs = 3_600_000;
/** The agent reorders and drops only by a ring read within this, ms. */
export const ringFreshMs = 10_000;
/** Objects per metadata page of the migration. */
export const migrationPageSize = 500;
/** Most rewrites in flight. */
export const maxInFlight = 64;
/** Tries per object before a migration calls it blocked, within {@link blockedWindowMs}. */
export const blockedAttempts = 3;
export const blockedWindowMs = 86_400_000;
/** Blocked objects that are listed by name; the rest are counted. */
export const blockedListed = 20;
/** Raw values per page of a scan. */
export const scanPageSize = 1_000;
/** Bytes of a value that a scan looks at: prefix, provider and the longest key name we expect. */
export const scanHeadBytes = 256;
/** Earlier configurations kept on a node. */
export const maxBackups = 50;
/** Rotations kept in status and ring for people. */
export const historyLength = 10;
/** Fewest newest revisions that stay in the file. */
export const defaultRevisions = 8;
export const defaultMinAgeMs = 86_400_000;
export const defaultRotationIntervalMs = 168 * 3_600_000;
/** Encryptions under one key that Kubernetes' documentation advises as a ceiling. */
export const writeBudgetFloor = 200_000;
/** Hard bound per side: half of GCM's 2^32 for random nonces. */
export const writeBudgetCeiling = 2 ** 31;
/** Encryptions under one key from which a node keeps their number on its disk too: below 1 % of the hard bound. */
export const spentKeptFrom = 2 ** 24;
/** Part of the budget from which a rotation is due. */
export const writeBudgetAlarm = 0.8;
/** No early rotation for the budget twice within this, ms. */
export const budgetRotationSpacingMs = 86_400_000;
/** Pause between two questions whether history is compacted, ms; kube-apiserver compacts every five minutes. */
export const compactionAskMs = 5_000;
/** No proof of compaction for this long is a condition, ms. */
export const compactionProofDeadlineMs = 3_600_000;
/** A controller saves what it counted of a delay after this, ms: one that begins anew waits at most this once more. */
export const countedPortionMs = 3_600_000;
/** Part of etcd's quota in use, in percent, from which a migration waits for a compaction. */
export const spaceInUsePercent = 80;
/** Part of the quota that etcd's file may take, in percent: free pages in it do not keep etcd from raising its alarm. */
export const spaceFilePercent = 95;
/** After etcd had no space for a rewrite, the next one is tried after this, ms; kube-apiserver compacts every five minutes. */
export const spaceRetryMs = 60_000;
/** Objects read per list page of our own kinds. */
export const ownPageSize = 500;
/** Pages read of any list of our own; a list that is longer is an error, not a shorter list. */
export const maxOwnPages = 200;
/** Largest file of ours that is read, bytes. */
export const maxFileBytes = 4 * 1024 * 1024;
/** Largest history that is read, bytes: 100,000 keys. */
export const maxHistoryBytes = 64 * 1024 * 1024;
/** Dropped keys whose certificates stay in the ring. */
export const maxCertificates = 64;

/** How long a published key waits before it may write, ms (product.md `approvalDelay`). */
export const defaultApprovalDelayMs = 1_800_000;

/** How long the Synchronizer must have been gone before a Standby takes the lead unasked, ms (rotation.md "Time"). */
export const defaultPromotionGraceMs = 86_400_000;

/** A request or the budget takes a key that was published this long ago, ms: the Standby surely has it (rotation.md). */
export const publishedLongMs = 86_400_000;

/** Publications the ring remembers: enough to know our own bundle again after any interruption. */
export const maxPublications = 16;

/** Newest revisions of a bundle that stay when another is published, beside those that the ring still holds. */
export const publishedRevisions = 8;

/** Most revisions of a bundle (derivation.md "SeedBundle, version 1"). */
export const maxBundleRevisions = 64;
