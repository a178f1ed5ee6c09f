// Every wait and size of the control plane, with its unit and reason.

/** kube-apiserver is ready in 3 to 10 s on 2 cores; a minute means that it will not be. */
export const readyTimeoutMs = 60_000;

/** Short enough not to show in a test's time, long enough not to load the machine. */
export const probeIntervalMs = 100;

/** A probe that hangs is a probe that failed. */
export const probeTimeoutMs = 5_000;

/** kube-apiserver ends 1 to 3 s after a signal, but waits as long as a client's watch is open. SIGKILL follows. */
export const serverGraceMs = 5_000;

/** etcd closes at once without clients; those that stay connected held it for 7 s. SIGKILL follows. */
export const etcdGraceMs = 15_000;

/** etcdctl ends at once after a signal. SIGKILL follows. */
export const mirrorGraceMs = 2_000;

/** What an error quotes from the end of a log. */
export const logTailBytes = 4_096;

/** A line of progress while Go compiles. */
export const buildReportIntervalMs = 5_000;

/** Looking again whether another process has finished its build. */
export const buildLockIntervalMs = 500;

/** The largest output of kubectl or etcdctl that is kept. */
export const outputLimitBytes = 512 * 1_024 * 1_024;
