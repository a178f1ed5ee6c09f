// What a demonstration plays on: a cluster, simulated or real, with the engine's programs, writers and readers on it.

/** Values in etcd by key name; `clear` for those that no key encrypts. */
export type Census = Readonly<Record<string, number>>;

/** The part of `EtcdEncryptionConfig`'s status that a demonstration reads. */
export interface Status {
  readonly revision?: number;
  readonly phase?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly keys?: readonly {readonly name: string; readonly state: string}[];
  readonly history?: readonly {readonly revision: number; readonly seconds: number; readonly values: number}[];
}

/** What writers and readers have done so far. */
export interface Tally {
  readonly reads: number;
  readonly writes: number;
  readonly failedReads: number;
  readonly failedWrites: number;
}

export interface Stage {
  /** Folder of the nodes' files: `node-1/etc/kubernetes/…` below it. */
  readonly dir: string;
  readonly nodes: readonly string[];
  /** Whether a schedule comes due within the demonstration. */
  readonly scheduled: boolean;
  /** How long a node that went down stays down once the plan waits for it, ms. */
  readonly outageMs: number;
  /** Longest that a rotation may take here, ms. */
  readonly patienceMs: number;
  /** Starts the engine's programs and the users. */
  readonly begin: () => Promise<void>;
  /** Lets time pass until `holds`, at most `limitMs`; whether it came to hold. */
  readonly until: (holds: (status: Status | undefined) => boolean, limitMs: number) => Promise<boolean>;
  readonly pass: (ms: number) => Promise<void>;
  readonly status: () => Status | undefined;
  /** The resource as kubectl prints it now. */
  readonly yaml: () => Promise<string>;
  /** Puts the rotate annotation on it. */
  readonly request: (reason: string) => Promise<void>;
  readonly powerOff: (node: string) => Promise<void>;
  readonly powerOn: (node: string) => Promise<void>;
  readonly census: () => Promise<Census>;
  readonly tally: () => Tally;
  /** Ends the writers and reads everything once more through every server. */
  readonly finish: () => Promise<void>;
  /** Ends everything that was started; the files stay. */
  readonly close: () => Promise<void>;
}
