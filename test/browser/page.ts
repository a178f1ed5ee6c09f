// Runs in the browser: derives every known answer with the backend that the module's own address asks for, and leaves
// what came out as `globalThis.report`. The test bundles it; nothing else imports it.
import * as crypto from '@etcd-encryption/crypto';
import {createWasmBackend, createWasmBackendSync} from '@etcd-encryption/wasm';

/** One derivation of test/vectors/hkdf-sha512-v1.json, every byte string as hex digits. */
export interface KnownAnswer {
  readonly rootKey: string;
  readonly seed: string;
  readonly replicationGroupId: string;
  readonly dimension: string;
  readonly revision: number;
  readonly [derived: string]: unknown;
}

/** What the page found. */
export interface PageReport {
  /** The name of the backend that did the work. */
  readonly backend: string;
  /** Whether the page may compile WebAssembly. */
  readonly wasmAllowed: boolean;
  readonly derivations: readonly KnownAnswer[];
}

const backends: Readonly<Record<string, () => crypto.Backend | Promise<crypto.Backend>>> = {
  noble: () => crypto.nobleBackend,
  simd: () => createWasmBackend({path: 'simd'}),
  scalar: () => createWasmBackendSync({path: 'scalar'}),
  best: () => createWasmBackend(),
  'best at once': () => createWasmBackendSync(),
};

async function makeReport(wanted: string): Promise<PageReport> {
  const make = backends[wanted];
  if (make === undefined) throw new RangeError(`backend: expected ${Object.keys(backends).join(', ')}, got ${wanted}`);
  const backend = await make();
  const answers = (await (await fetch('/vectors.json')).json()) as {readonly derivations: readonly KnownAnswer[]};
  const derivations = answers.derivations.map((answer) => derive(answer, backend));
  return {backend: backend.name, wasmAllowed: mayCompile(), derivations};
}

/** The same answer with every derived field made anew. */
function derive(answer: KnownAnswer, backend: crypto.Backend): KnownAnswer {
  const {replicationGroupId, dimension, revision} = answer;
  const [rootKey, seed] = [bytesOf(answer.rootKey), bytesOf(answer.seed)];
  const settings = {rootKey, replicationGroupId, dimension};
  const key = crypto.deriveDataKey({...settings, seed, revision}, backend);
  const fields = {purpose: 'aesgcm-256', replicationGroupId, dimension, revision, length: 32};
  const tag = (
    purpose: crypto.Purpose,
    length: number,
    names: {readonly group?: string; readonly dimension?: string},
  ) => {
    const [group, domain] = [names.group ?? '', names.dimension ?? ''];
    const info = crypto.encodeContext({purpose, replicationGroupId: group, dimension: domain, revision: 0, length});
    return crypto.hex(backend.hkdfSha512(rootKey, new Uint8Array(0), info, length));
  };
  return {
    rootKey: answer.rootKey,
    seed: answer.seed,
    replicationGroupId,
    dimension,
    revision,
    context: crypto.hex(crypto.encodeContext(fields)),
    prk: crypto.hex(backend.hmacSha512(seed, rootKey)),
    key: key.secret.withBytes(crypto.hex),
    keyBase64: key.secret.withBytes(crypto.toBase64),
    keyCheckValue: key.checkValue,
    keyName: key.name,
    rootCheck: tag('root-check', 8, {}),
    groupTag: tag('group-tag', 16, {group: replicationGroupId}),
    dimensionTag: tag('dimension-tag', 8, {group: replicationGroupId, dimension}),
    // The last revision has no next one, and no seed for it.
    nextSeed: answer.nextSeed === null ? null : crypto.hex(crypto.nextSeed(settings, {revision, seed}, backend)),
  };
}

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Compiles the smallest module there is: its magic and version. */
function mayCompile(): boolean {
  const {WebAssembly} = globalThis as unknown as {
    readonly WebAssembly: {readonly Module: new (code: Uint8Array) => unknown};
  };
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) !== undefined;
  } catch {
    return false;
  }
}

Object.assign(globalThis, {report: makeReport(new URL(import.meta.url).searchParams.get('backend') ?? '')});
