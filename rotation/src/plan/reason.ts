// Every reason the engine can give for acting, waiting or warning. They are the condition reasons people see, so the
// words are an interface; each has one meaning and one place that says it.

export const reasons = {
  // The plan cannot be made.
  ConfigurationMissing: 'there is no EtcdEncryptionConfig named default',
  ConfigurationInvalid: 'the spec breaks a rule',
  ReadFailed: 'something that the decision rests on could not be read',
  ForeignRing: 'the ring belongs to another cluster',
  NewerRelease: 'ring or report was written by a newer release',
  SchemaPruned: 'the installed CRD would drop a field that the rotation needs',
  NotLeading: 'another controller leads',
  ObserveMode: 'spec.mode is observe: nothing is changed',
  Paused: 'an operator paused the dangerous deeds',
  // Leading and epoch.
  EpochRaised: 'a new leader raised the epoch',
  RestoreSeen: 'nodes hold a higher epoch or revision than the ring: etcd was restored',
  ClockWentBack: 'the clock was set back; times from the future are corrected',
  // Members.
  NoMembers: 'no control-plane node has reported',
  UnknownMember: 'a server is known that no agent speaks for',
  AgentMissing: 'a control-plane node has no agent report',
  AgentSilent: 'an agent has not reported for a while',
  ServerDown: 'a member’s kube-apiserver is not running',
  ForeignServer: 'something else than the node’s own server answers at its address',
  NodeForgotten: 'an operator said that a member no longer counts',
  ForgetRefused: 'a member that is alive cannot be forgotten',
  UngatedStart: 'a server runs with an older write key than the ring’s',
  // Files and load.
  ConfigurationPathDiffers: 'a server reads its configuration from another path',
  EncryptionFlagMissing: 'a server runs without --encryption-provider-config',
  FileNotWritten: 'a node’s file is older than the ring',
  CannotWriteFile: 'a node cannot write its file',
  FileInvalid: 'the file on a node would not load',
  FileRepaired: 'a node’s file was repaired by union',
  FileNotAtomic: 'a file is written in place, so it can be seen half-written',
  SingleFileMount: 'a server reads one mounted file, which a rename does not reach',
  ReloadDisabled: 'automatic reload is off',
  FileRefused: 'a server refused the file; it was taken back',
  WaitingForLoad: 'a server has not yet loaded its file',
  ReloadFailing: 'a server fails to read its file again, and would not start with it',
  NotLoaded: 'a server has not loaded its file within three polls',
  NoLoadEvidence: 'a server does not show what it has loaded',
  FipsRefusesAesgcm: 'FIPS-only cryptography refuses aesgcm',
  HistoryNotWritable: 'a node cannot keep its key history',
  HistoryDamaged: 'a line of the key history is damaged',
  ForeignFileMoved: 'a history or backup that is not ours was moved aside',
  // Keys.
  Minting: 'a node makes the next key',
  KeyNotHeld: 'a node does not hold a key that its file needs',
  KeyNotSealed: 'a key has no sealed object yet',
  KeyMismatch: 'a sealed key and its report or check value disagree',
  ForeignKeyObject: 'a key object of another cluster, or one that nobody here vouches for',
  UnknownRecipient: 'a sealed key names a recipient that is no control-plane node',
  GuardRefused: 'the agent’s guard refused a file',
  // Adoption.
  Adopting: 'keys of an existing configuration are taken over',
  NodesDiffer: 'nodes hold different configurations',
  AdoptedNamesCollide: 'aescbc keys share a name, and some values would be misread',
  AdoptedKeysKept: 'adopted keys stay until an operator releases them',
  KMSWriteProvider: 'a KMS provider writes; replacing it needs spec.adoption.replaceKMS',
  UnlistedEncryptedResource: 'a file encrypts a resource that the spec does not list',
  UnreadableValues: 'stored values that no key opens',
  CheckingValues: 'every stored value is being opened once',
  ValuesNotChecked: 'stored values could not be opened for a check: no access to etcd',
  // The pair.
  RoleUnknown: 'whether this cluster is Active or Standby is not known: it adds and does nothing else',
  RoleContradicted: 'the role that an operator stated contradicts the evidence',
  SynchronizerNoted: 'the Synchronizer was seen, or is gone',
  LocalNamespacesInvalid: 'a word of annotation local-namespaces is no namespace and is ignored',
  DerivationEdited: 'replication group or dimension were edited under keys that were derived with others',
  RootSecretNotReady: 'a node has no usable root key',
  RootSecretsDiffer: 'nodes derive with different root keys or settings',
  RootChangeNotAnnounced: 'the root key is another one, and no annotation says that it shall be',
  DerivedKeysDiffer: 'nodes derive different keys from the same bundle',
  Following: 'a bundle, or a key that it brings, is followed',
  SeedBundleRefused: 'the stored SeedBundle does not verify',
  BundleRollback: 'the stored SeedBundle is older than the one that is followed',
  BundleFork: 'two keys of one revision were derived; both are kept',
  BundleNotFollowed: 'the stored SeedBundle is another cluster’s and is only read',
  ActiveSilent: 'no bundle was published for two intervals',
  Publishing: 'the next SeedBundle is made and written',
  PreparedBundleWrong: 'a node made a bundle that may not be published',
  NextNotPublished: 'a rotation is due, and no published key waits for it',
  PublishedLately: 'the next key is too young for an early rotation',
  WaitingForApproval: 'the next key waits for its time or for an operator’s word',
  StandbyUnproven: 'no Standby has proven that it derives the same key',
  StandbyProven: 'the Standby derives the same keys, or there is none',
  // The rotation itself.
  Trying: 'a new kind of file is tried on one node',
  Distributing: 'the key is on its way to every node',
  AskingServers: 'each server is asked once more before a dangerous deed',
  Activating: 'the write key changes',
  WaitingForWindow: 'no window of spec.windows is open for what changes or drops a key',
  Converging: 'servers load the new write key',
  Migrating: 'stored objects are rewritten',
  MigrationBlocked: 'objects that cannot be rewritten',
  MigrationFailing: 'a list or rewrite failed; it is tried again',
  EtcdSpaceLow: 'etcd has little space left; rewriting goes on after a compaction',
  ResourceNotServed: 'a listed resource is not served',
  Verifying: 'stored values are checked for older keys',
  Draining: 'waiting for the last request under an older key',
  ForeignValues: 'stored values under a provider or name that is not ours',
  ClearValues: 'stored values in clear',
  ResourcesChanging: 'a resource enters or leaves the list',
  Complete: 'everything is under the newest key',
  Scheduled: 'waiting for the next rotation',
  IntervalStretched: 'the rotation interval is shorter than a rotation takes',
  WriteBudgetLow: 'a key nears its write budget',
  // Dropping.
  CountingTime: 'how long old keys have not written is saved',
  DropWaiting: 'an old key waits for its certificate',
  SnapshotMissing: 'an old key waits for a backup newer than its migration',
  HistoryNotCompacted: 'etcd has not been compacted past the clean scan',
  Dropping: 'a key leaves the files',
} as const;

export type ReasonName = keyof typeof reasons;

/** What was done rather than what is in the way: said of a node for a while, and never its obstacle. */
export const lastingReasons: ReadonlySet<string> = new Set<ReasonName>(['FileRepaired', 'FileNotAtomic']);

/** A reason with what it is about, for a condition's message. Names and numbers only. */
export interface Reason {
  readonly reason: ReasonName;
  readonly message: string;
  /** Nodes it names, sorted. */
  readonly nodes?: readonly string[];
}

export const because = (reason: ReasonName, message: string, nodes?: readonly string[]): Reason =>
  nodes === undefined ? {reason, message} : {reason, message, nodes: [...nodes].sort()};
