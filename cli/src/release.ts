// This release's version, and how its requests name themselves so that an audit rule can know them.

import {readFileSync} from 'node:fs';

const manifest: {readonly version: string} = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

export const version = manifest.version;
export const userAgent = `etcd-encryption-manager/${version} (rotation)`;
