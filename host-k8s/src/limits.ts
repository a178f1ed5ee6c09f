// Every bound of this host, with its unit and why it is that large.

// The connection to the API server.

/** TCP and TLS together, ms: a server in the same cluster answers within a few. */
export const connectTimeoutMs = 10_000;
/** One attempt at a read or write of one object, ms; half of kube-apiserver's own limit of a minute. */
export const requestTimeoutMs = 30_000;
/** One attempt at a list, ms: kube-apiserver's own `--request-timeout`. */
export const listTimeoutMs = 60_000;
/** Attempts at a read; with the pauses between them about 3 s. */
export const readAttempts = 4;
/** Attempts, writes too, that a server may turn away unread because it moves its clients to new connections. */
export const goAwayAttempts = 10;
/** First pause between attempts, ms; it doubles and is multiplied by 0.5 to 1.5. */
export const retryPauseMs = 250;
/** Longest pause between attempts, ms; a longer Retry-After is handed to the caller instead of waited for. */
export const maxRetryPauseMs = 5_000;
/** Connections when the server speaks HTTP/1.1 only; under HTTP/2 one carries everything. */
export const maxConnections = 8;
/** Connections for watches when the server speaks HTTP/1.1 only: each watch takes one. */
export const maxWatchConnections = 32;
/** Requests on one HTTP/2 connection; kube-apiserver allows 100 and says so. */
export const maxConcurrentStreams = 128;
/** HTTP/2 PING, ms: a dead connection is noticed within two, which is as long as an agent's ring stays fresh. */
export const pingIntervalMs = 5_000;
/** An idle connection is kept this long, ms: longer than the longest pause of a loop, shorter than Go's 90 s. */
export const keepAliveMs = 75_000;
/** Largest answer that is read, bytes: 500 metadata items with 256 KiB of annotations each. */
export const maxAnswerBytes = 160 * 1024 * 1024;
/** Files of credentials are looked at no more often than this, ms. */
export const credentialsCheckMs = 1_000;
/** Characters of a server's message that are passed on. */
export const maxMessageLength = 1_024;
/** Length of one watch request, ms: the server ends it, and silence beyond it means a dead connection. */
export const watchTimeoutMs = 120_000;
/** Silence after which a watch is given up, ms; longer than the server's own end of it. */
export const watchIdleMs = 135_000;
/** Pauses between watches that fail, ms. */
export const watchPauseMs = 1_000;
export const maxWatchPauseMs = 30_000;

// The node's disk and manifests.

/** Largest file that is read, bytes: the longest history (rotation's `maxHistoryBytes`). */
export const maxReadBytes = 64 * 1024 * 1024;
/** Symbolic links followed on the way to one path; Linux allows 40. */
export const maxLinks = 40;
/** One run of a coreutils program, ms: it copies attributes, never data. */
export const toolTimeoutMs = 10_000;
/** Largest static Pod manifest, bytes; kubeadm's is 4 KiB. */
export const maxManifestBytes = 1024 * 1024;

// One server's `/metrics`.

/** Headers or the next piece of a page, ms; a page takes about 100 ms. */
export const metricsTimeoutMs = 10_000;
/** A whole page, ms: a server that trickles is not waited for longer. */
export const metricsDeadlineMs = 30_000;
/** Largest page, bytes: 30 times that of an empty cluster. */
export const maxMetricsBytes = 64 * 1024 * 1024;
/** Longest line of a page that is looked at, bytes. */
export const maxMetricsLineBytes = 64 * 1024;

// etcd.

/** TCP and TLS together, ms. */
export const etcdConnectTimeoutMs = 5_000;
/** One request, ms: etcd itself gives up on a linearizable read after 7 s. */
export const etcdRequestTimeoutMs = 30_000;
/** Largest answer that is taken, bytes; a larger page is asked for again with fewer keys. */
export const maxEtcdAnswerBytes = 16 * 1024 * 1024;
/** Largest answer with one key, bytes: etcd stores requests up to 1.5 MiB unless told otherwise. */
export const maxEtcdValueBytes = 64 * 1024 * 1024;
/** Keys in one page, at most. */
export const maxEtcdPage = 10_000;
/** HTTP/2 flow-control window, bytes: a whole page without waiting for the other side. */
export const etcdWindowBytes = 8 * 1024 * 1024;

// Randomness and logs.

/** Random bytes in one request: far more than any key, nonce or identity. */
export const maxEntropyBytes = 1024 * 1024;
/** Characters of one text in a log line. */
export const maxTraceText = 4_096;
/** Items of one list in a log line. */
export const maxTraceItems = 256;
/** Largest sealed object that is opened, characters; one key for 64 recipients takes 16 KiB. */
export const maxSealedLength = 1024 * 1024;
/** Recipients of one sealed object. */
export const maxRecipients = 256;
/** The server's list of types is asked for again after this, ms; sooner when a wanted one is not in it. */
export const discoveryFreshMs = 10_000;
export const discoveryMissFreshMs = 1_000;
