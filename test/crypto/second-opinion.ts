// Asks Python's standard library for the same answers: a second implementation that shares no code with ours.
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {hex} from '@etcd-encryption/crypto';

/** One HMAC or one HKDF. */
export type PythonCase =
  | {readonly key: Uint8Array; readonly message: Uint8Array}
  | {readonly ikm: Uint8Array; readonly salt: Uint8Array; readonly info: Uint8Array; readonly length: number};

/** Whether there is a Python to ask. */
export const hasPython: boolean = spawnSync('python3', ['-c', 'import hashlib, hmac, json']).status === 0;

/** What a test's title says when it cannot run. */
export const orWhyNot = (title: string): string => (hasPython ? title : `${title} (skipped: there is no python3)`);

/** The answers to all cases in hex, from one run of Python. */
export function askPython(cases: readonly PythonCase[]): readonly string[] {
  const input = JSON.stringify(cases, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value));
  const script = fileURLToPath(new URL('second-opinion.py', import.meta.url));
  const {status, stdout, stderr} = spawnSync('python3', [script], {input, encoding: 'utf8', maxBuffer: 2 ** 26});
  if (status !== 0) throw new Error(`python3 ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as string[];
}
