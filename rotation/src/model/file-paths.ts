// Where a node keeps what (product.md, rotation.md "Files on a node").

export const configurationDirectory = '/etc/kubernetes';
export const configurationPath = '/etc/kubernetes/encryption-provider.conf';
/** The whole content of a file that is being written in place. */
export const completePath = '/etc/kubernetes/encryption-provider.complete';
/** The configuration for others to place, where `spec.nodes.writeMode` is external. */
export const exportPath = '/etc/kubernetes/encryption-provider.conf.next';
export const historyPath = '/etc/kubernetes/encryption-provider-history.bak';
export const backupDirectory = '/etc/kubernetes/encryption-provider-bak';
export const identityPath = '/etc/kubernetes/encryption-provider.identity';
export const statePath = '/etc/kubernetes/encryption-provider.state';
/** Which file is on trial on this node, and which one it goes back to; there only as long as its server has not loaded it. */
export const trialPath = '/etc/kubernetes/encryption-provider.trial';
/** Half-written files of ours have this in front; nothing else is ever removed. */
export const temporaryPrefix = '.encryption-provider.tmp-';
