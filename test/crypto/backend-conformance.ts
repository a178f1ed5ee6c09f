// What every backend must do, once for all of them: the same bytes as the reference, no input changed, results of their
// own, misuse refused. A test file calls `describeBackend` for its backend.
import {type Backend, hex} from '@etcd-encryption/crypto';
import {describe, expect, test} from 'vitest';
import {describeGcm} from './gcm-conformance.ts';
import {noise, range, referenceHkdf, referenceHmac} from './reference.ts';

/** One call of a method with its arguments laid out by `lay`, and the arrays that it gives. */
interface Call {
  readonly method: string;
  readonly run: (lay: (bytes: Uint8Array) => Uint8Array) => readonly Uint8Array[];
}

const checkText = () => noise(28, 90);
const notBytes: readonly unknown[] = ['text', [1, 2], null, undefined, 7, {}, new ArrayBuffer(8), new Uint16Array(4)];

/** Registers the suite for one backend; `makeBackend` is called once. */
export function describeBackend(name: string, makeBackend: () => Backend | Promise<Backend>): void {
  describe(`${name} as a backend`, async () => {
    const backend = await makeBackend();
    describeHmac(backend);
    describeHkdf(backend);
    describeDeriveMany(backend);
    if (backend.deriveKeys !== undefined) describeDeriveKeys(backend);
    describe.each(callsOf(backend).map((call) => [call.method, call] as const))('%s', (_, call) =>
      describeArrays(call),
    );
    describeMisuse(backend);
    if (backend.aes256gcm !== undefined) describeGcm(backend.aes256gcm);
    test('its name ⇒ is not empty, for people', () => expect(backend.name).toMatch(/^[a-z]/));
  });
}

function describeHmac(backend: Backend): void {
  test('messages of 0 to 300 bytes ⇒ the HMAC of the reference', () => {
    for (const length of [...range(0, 300), 511, 512, 1000, 4096]) {
      const [key, message] = [noise(32, 1), noise(length, 2)];
      expect(hex(backend.hmacSha512(key, message)), `${length} bytes`).toBe(hex(referenceHmac(key, message)));
    }
  });

  test('keys of 0 to 300 bytes, on both sides of a block ⇒ the HMAC of the reference', () => {
    for (const length of range(0, 300)) {
      const [key, message] = [noise(length, 3), noise(50, 4)];
      expect(hex(backend.hmacSha512(key, message)), `${length} bytes`).toBe(hex(referenceHmac(key, message)));
    }
  });

  test('words of ones only, or of the top bit only ⇒ the HMAC of the reference', () => {
    for (const word of [[0xff], [0x80], [0x80, 0, 0, 0, 0, 0, 0, 0], [0, 0x20, 0, 0, 0, 0, 0, 1], [0]]) {
      for (const length of [32, 111, 112, 127, 128, 129, 256]) {
        const message = Uint8Array.from({length}, (_, i) => word[i % word.length] ?? 0);
        const got = [backend.hmacSha512(message, message), backend.hmacSha512(noise(32), message)].map(hex);
        expect(got).toEqual([referenceHmac(message, message), referenceHmac(noise(32), message)].map(hex));
      }
    }
  });
}

function describeHkdf(backend: Backend): void {
  const derive = (length: number, salt = noise(32, 6), info = noise(85, 7)) =>
    backend.hkdfSha512(noise(32, 5), salt, info, length);

  test('lengths at every edge from 1 to 16,320 ⇒ the bytes of the reference', () => {
    for (const length of [...range(1, 66), 127, 128, 129, 191, 192, 193, 8191, 16_256, 16_257, 16_319, 16_320])
      expect(hex(derive(length))).toBe(hex(referenceHkdf(noise(32, 5), noise(32, 6), noise(85, 7), length)));
  });

  test.each([0, -1, 1.5, Number.NaN, 16_321, 65_536, 2 ** 32 + 32, Number.POSITIVE_INFINITY])(
    'a length of %d ⇒ RangeError and no bytes',
    (length) => {
      expect(() => derive(length)).toThrow(RangeError);
      expect(() => derive(length)).toThrow(/^length: expected a whole number from 1 to 16320, got /);
    },
  );

  test('salts of 0 to 200 bytes ⇒ the bytes of the reference', () => {
    for (const length of range(0, 200)) {
      const salt = noise(length, 8);
      expect(hex(derive(32, salt)), `${length} bytes`).toBe(hex(referenceHkdf(noise(32, 5), salt, noise(85, 7), 32)));
    }
  });

  test('contexts of 22 to 303 bytes, of none and of more than 1,024 ⇒ the bytes of the reference', () => {
    for (const length of [0, 1, ...range(22, 303), 1024, 1025, 5000]) {
      const info = noise(length, 9);
      for (const wanted of length > 1000 ? [32, 64, 65, 200] : [32])
        expect(hex(derive(wanted, noise(32, 6), info)), `${length} bytes`).toBe(
          hex(referenceHkdf(noise(32, 5), noise(32, 6), info, wanted)),
        );
    }
  });

  test('input keys of 0 to 200 bytes ⇒ the bytes of the reference', () => {
    for (const length of range(0, 200)) {
      const ikm = noise(length, 10);
      expect(hex(backend.hkdfSha512(ikm, noise(32), noise(85), 64))).toBe(
        hex(referenceHkdf(ikm, noise(32), noise(85), 64)),
      );
    }
  });
}

const saltsOf = (count: number) => range(1, count).map((i) => noise(i % 7 === 3 ? i : 32, i));
const contextsOf = (count: number) => range(1, count).map((i) => noise(i % 5 === 2 ? 22 + i : 85, 100 + i));

function describeDeriveMany(backend: Backend): void {
  test('batches of 0 to 17, 63 to 66 and 200 with salts and contexts of many lengths ⇒ each as if derived alone', () => {
    for (const count of [...range(0, 17), 63, 64, 65, 66, 200]) {
      const [root, salts, contexts] = [noise(32, 11), saltsOf(count), contextsOf(count)];
      const many = backend.deriveMany(root, salts, contexts, 32);
      expect(Array.isArray(many)).toBe(true);
      expect(many.map(hex)).toEqual(
        contexts.map((context, i) => hex(backend.hkdfSha512(root, salts[i] ?? root, context, 32))),
      );
    }
  });

  test('every length from 1 to 64 and roots of every size ⇒ each as if derived alone', () => {
    const cases = [
      ...range(1, 64).map((length) => ({length, root: noise(32, 12)})),
      ...[0, 1, 31, 33, 127, 128, 129, 200].map((size) => ({length: 64, root: noise(size, 13)})),
    ];
    for (const {length, root} of cases) {
      const [salts, contexts] = [saltsOf(3), contextsOf(3)];
      expect(backend.deriveMany(root, salts, contexts, length).map(hex)).toEqual(
        contexts.map((context, i) => hex(referenceHkdf(root, salts[i] ?? root, context, length))),
      );
    }
  });
}

function describeDeriveKeys(backend: Backend): void {
  const packed = (root: Uint8Array, count: number, text: Uint8Array) => {
    const derived = backend.deriveKeys?.(root, saltsOf(count), contextsOf(count), text);
    if (derived === undefined) throw new Error('expected keys, got none');
    return {keys: hex(derived.keys), checks: hex(derived.checks)};
  };
  const expected = (root: Uint8Array, count: number, text: Uint8Array) => {
    const keys = contextsOf(count).map((context, i) => referenceHkdf(root, saltsOf(count)[i] ?? root, context, 32));
    const checks = keys.map((key) => referenceHmac(key, text).subarray(0, 8));
    return {keys: keys.map(hex).join(''), checks: checks.map(hex).join('')};
  };

  test('packed keys of 0 to 17, 63 to 66 and 200 ⇒ those of the reference with their check values', () => {
    for (const count of [...range(0, 17), 63, 64, 65, 66, 200])
      expect(packed(noise(32, 14), count, checkText())).toEqual(expected(noise(32, 14), count, checkText()));
  });

  test('check texts of 0 to 64 bytes ⇒ the check values of the reference; 65 ⇒ RangeError', () => {
    for (const length of range(0, 64))
      expect(packed(noise(32, 15), 3, noise(length, 16))).toEqual(expected(noise(32, 15), 3, noise(length, 16)));
    expect(() => packed(noise(32, 15), 3, noise(65, 16))).toThrow(RangeError);
  });
}

function callsOf(backend: Backend): Call[] {
  const calls: Call[] = [
    {method: 'hmacSha512', run: (lay) => [backend.hmacSha512(lay(noise(40, 20)), lay(noise(90, 21)))]},
    {
      method: 'hkdfSha512',
      run: (lay) =>
        [32, 200].map((length) =>
          backend.hkdfSha512(lay(noise(32, 22)), lay(noise(32, 23)), lay(noise(85, 24)), length),
        ),
    },
    {
      method: 'hkdfSha512 of a long context',
      run: (lay) => [backend.hkdfSha512(lay(noise(32, 22)), lay(noise(140, 23)), lay(noise(2000, 24)), 100)],
    },
    {
      method: 'deriveMany',
      run: (lay) => backend.deriveMany(lay(noise(32, 25)), saltsOf(5).map(lay), contextsOf(5).map(lay), 64),
    },
  ];
  if (backend.deriveKeys === undefined) return calls;
  const run: Call['run'] = (lay) => {
    const derived = backend.deriveKeys?.(
      lay(noise(32, 26)),
      saltsOf(5).map(lay),
      contextsOf(5).map(lay),
      lay(checkText()),
    );
    return derived === undefined ? [] : [derived.keys, derived.checks];
  };
  return [...calls, {method: 'deriveKeys', run}];
}

const asIs = (bytes: Uint8Array) => bytes;

/** What holds for the arrays that go in and come out, whatever the method. */
function describeArrays({run}: Call): void {
  const usual = run(asIs).map(hex);

  test('views with offsets, on shared memory, or as Buffers ⇒ the same bytes', () => {
    const onView = (buffer: ArrayBufferLike, at: number, bytes: Uint8Array) => {
      const view = new Uint8Array(buffer, at, bytes.length);
      new Uint8Array(buffer).fill(0xee);
      view.set(bytes);
      return view;
    };
    for (const offset of [1, 3, 8])
      expect(run((bytes) => onView(new ArrayBuffer(bytes.length + 20), offset, bytes)).map(hex)).toEqual(usual);
    expect(run((bytes) => onView(new SharedArrayBuffer(bytes.length + 20), 5, bytes)).map(hex)).toEqual(usual);
    expect(run((bytes) => Buffer.from(bytes)).map(hex)).toEqual(usual);
  });

  test('after the call ⇒ no input is changed', () => {
    const given: {readonly input: Uint8Array; readonly before: string}[] = [];
    run((bytes) => {
      given.push({input: bytes, before: hex(bytes)});
      return bytes;
    });
    for (const {input, before} of given) expect(hex(input)).toBe(before);
  });

  test('the results ⇒ plain arrays, each the only one on its buffer', () => {
    const results = run(asIs);
    for (const result of results) {
      expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
      expect(result.buffer).toBeInstanceOf(ArrayBuffer);
      expect([result.byteOffset, result.buffer.byteLength]).toEqual([0, result.length]);
    }
    expect(new Set(results.map(({buffer}) => buffer)).size).toBe(results.length);
  });

  test('a second call, a wiped result, a changed input ⇒ the other results stay', () => {
    const inputs: Uint8Array[] = [];
    const first = run((bytes) => {
      inputs.push(bytes);
      return bytes;
    });
    for (const input of inputs) input.fill(0x55);
    const second = run(asIs);
    expect(first.map(hex)).toEqual(usual);
    for (const result of first) result.fill(0);
    expect(second.map(hex)).toEqual(usual);
    expect(run(asIs).map(hex)).toEqual(usual);
  });
}

function describeMisuse(backend: Backend): void {
  const bytes = noise(32, 30);
  const wrong = (value: unknown) => value as Uint8Array;

  test('anything but a Uint8Array ⇒ TypeError with the argument, without what came', () => {
    for (const value of notBytes) {
      const calls: readonly [string, () => unknown][] = [
        ['key', () => backend.hmacSha512(wrong(value), bytes)],
        ['message', () => backend.hmacSha512(bytes, wrong(value))],
        ['ikm', () => backend.hkdfSha512(wrong(value), bytes, bytes, 32)],
        ['salt', () => backend.hkdfSha512(bytes, wrong(value), bytes, 32)],
        ['info', () => backend.hkdfSha512(bytes, bytes, wrong(value), 32)],
        ['root', () => backend.deriveMany(wrong(value), [bytes], [bytes], 32)],
        ['salts\\[1\\]', () => backend.deriveMany(bytes, [bytes, wrong(value)], [bytes, bytes], 32)],
        ['contexts\\[1\\]', () => backend.deriveMany(bytes, [bytes, bytes], [bytes, wrong(value)], 32)],
      ];
      for (const [argument, call] of calls) {
        expect(call).toThrow(TypeError);
        expect(call).toThrow(new RegExp(`^${argument}: expected a Uint8Array, got (null|an? \\w+)$`));
      }
    }
  });

  test('lengths, arrays and counts of another kind ⇒ TypeError or RangeError with the argument', () => {
    const many = (salts: unknown, contexts: unknown, length: unknown) => () =>
      backend.deriveMany(bytes, salts as Uint8Array[], contexts as Uint8Array[], length as number);
    expect(() => backend.hkdfSha512(bytes, bytes, bytes, '32' as unknown as number)).toThrow(TypeError);
    expect(many([bytes], [bytes], '32')).toThrow(TypeError);
    expect(many(bytes, [bytes], 32)).toThrow(/^salts: expected an array/);
    expect(many([bytes], undefined, 32)).toThrow(/^contexts: expected an array/);
    expect(many(new Array(1), [bytes], 32)).toThrow(/^salts\[0\]: expected a Uint8Array/);
    expect(many([bytes], new Array(1), 32)).toThrow(/^contexts\[0\]: expected a Uint8Array/);
    expect(many([bytes, bytes], [bytes], 32)).toThrow(/^contexts: expected 2, one for each salt, got 1/);
    for (const length of [0, -1, 1.5, Number.NaN, 65, 2 ** 32 + 32])
      expect(many([bytes], [bytes], length)).toThrow(RangeError);
  });
}
