// Other versions of Node, run from their npm packages: Node's OpenSSL differs in speed from version to version, so what
// is said against `hkdfSync` is said of one version.

import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {childMs} from './limits.ts';

/** The version that is measured for a major one. */
const versions: Readonly<Record<string, string>> = {22: '22.23.3', 26: '26.10.0'};

export const otherNodes: readonly string[] = Object.keys(versions);

/** The case of another Node, as results and floors state it. */
export function caseOnNode(name: string, major: string): string {
  return `${name} on Node ${major}`;
}

/**
 * The program of a major version; npm fetches it the first time.
 * @throws RangeError for a version that is not one of `otherNodes`, Error if npm cannot get it
 */
export async function nodeProgram(major: string): Promise<string> {
  const version = versions[major];
  if (version === undefined)
    throw new RangeError(`--node: expected one of ${otherNodes.join(', ')}, got ${JSON.stringify(major)}`);
  const spec = `node-${process.platform}-${process.arch}@${version}`;
  const args = ['exec', '--yes', `--package=${spec}`, '--', 'node', '-p', 'process.execPath'];
  const {stdout} = await promisify(execFile)('npm', args, {timeout: childMs});
  return stdout.trim();
}
