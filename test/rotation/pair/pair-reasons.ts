// Reasons that only the deterministic strategy gives; the pair's own tests reach each of them.

import type {ReasonName} from '@etcd-encryption/rotation';

export const pairReasons: readonly ReasonName[] = [
  'ActiveSilent',
  'BundleFork',
  'BundleNotFollowed',
  'BundleRollback',
  'DerivationEdited',
  'DerivedKeysDiffer',
  'Following',
  'LocalNamespacesInvalid',
  'NextNotPublished',
  'PreparedBundleWrong',
  'PublishedLately',
  'Publishing',
  'RoleContradicted',
  'RoleUnknown',
  'RootChangeNotAnnounced',
  'RootSecretNotReady',
  'RootSecretsDiffer',
  'SeedBundleRefused',
  'StandbyProven',
  'StandbyUnproven',
  'SynchronizerNoted',
  'WaitingForApproval',
];
