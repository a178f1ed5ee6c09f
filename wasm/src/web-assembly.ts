// What we use of the WebAssembly API, declared here so that no library of browser types is needed. The object is
// looked up at each use: it is missing without a compiler (`node --jitless`), and a page's policy can make it refuse.

interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  instantiate(bytes: Uint8Array, imports: object): Promise<{readonly instance: Instance}>;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => Instance;
}

interface Instance {
  readonly exports: unknown;
}

declare const WebAssembly: WebAssemblyApi | undefined;

// A module of one function, which returns a vector: `i32.const 0`, `i8x16.splat`.
const vectorProbe = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
];

/** Whether the engine takes modules with vectors of 128 bits. */
export function hasVectors(): boolean {
  return findApi()?.validate(Uint8Array.from(vectorProbe)) === true;
}

/** The exports of a new instance. Throws whatever the engine throws. */
export function instantiateSync(bytes: Uint8Array): unknown {
  const api = requireApi();
  return new api.Instance(new api.Module(bytes), {}).exports;
}

/** The same, compiled outside the main thread where the engine can. */
export async function instantiate(bytes: Uint8Array): Promise<unknown> {
  const {instance} = await requireApi().instantiate(bytes, {});
  return instance.exports;
}

function findApi(): WebAssemblyApi | undefined {
  return typeof WebAssembly === 'undefined' ? undefined : WebAssembly;
}

function requireApi(): WebAssemblyApi {
  const api = findApi();
  if (api === undefined) throw new Error('this engine has no WebAssembly');
  return api;
}
