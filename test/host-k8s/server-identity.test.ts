// Known answers, computed independently with Python's hashlib and base64.

import {serverIdentity} from '@etcd-encryption/host-k8s';
import {expect, test} from 'vitest';

test.for([
  ['control-plane-1', 'ktnciuvxljjqohol43g65rthde', '33cef467424f45d80145c61ff147a2986fefd36e886a6d5a64d60e02739a3af1'],
  ['control-plane-2', 'i4xffy4akgtjq4cbary7c3zksu', '43c1a5c35c3550f81cec6c9a3f45e772313ef756ae590a9cc78018024638a656'],
  ['node-1', 'lgabes5ywnaqeagh5dny4zlzs4', '301f0ab033485d02da8c424142b92d830c6cb0fe2a367f125571d58c8d83307e'],
  ['ä', 'gk3htnr4zdxbn3y5qiqfksbbw4', 'b32c49b36580890c2f43eb02786dfd31ac4a9c537df92ed0a0fa8cf41da7c6f4'],
] as const)('host %s ⇒ its identity and hash', ([host, name, hash]) => {
  expect(serverIdentity(host)).toEqual({identity: `apiserver-${name}`, hash: `sha256:${hash}`});
});

test('no host name, or one that Linux does not allow ⇒ RangeError', () => {
  expect(() => serverIdentity('')).toThrow(RangeError);
  expect(() => serverIdentity('h'.repeat(65))).toThrow(RangeError);
});
