// Five configuration files, each in another dress, that the comparison cuts short and changes byte by byte.
import {adoptKey, DataKey} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';

const bytesOf = (first: number, length: number): Uint8Array =>
  Uint8Array.from({length}, (_, i) => (first + i * 7) & 255);
const base64 = (first: number, length = 32): string => Buffer.from(bytesOf(first, length)).toString('base64');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const canonical = formatEncryptionConfiguration({
  blocks: [
    {
      resources: ['secrets', 'configmaps'],
      providers: [
        {
          kind: 'aesgcm',
          keys: [new DataKey({revision: 2, key: bytesOf(3, 32)}), new DataKey({revision: 1, key: bytesOf(5, 32)})],
        },
        {kind: 'aescbc', keys: [adoptKey({provider: 'aescbc', name: 'key1', key: bytesOf(9, 32)})]},
        {kind: 'identity'},
      ],
    },
  ],
});

const handMade = text(`---
# Written by hand, as the documentation shows it.
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources:
      - secrets
      - configmaps   # both
      - pandas.awesome.bears.example
    providers:
      - aescbc:
          keys:
            - name: key1
              secret: ${base64(11)}
            - name: 'key two'
              secret: "${base64(13, 16)}"
      - identity: {}
`);

const prettyJson = text(
  JSON.stringify(
    {
      kind: 'EncryptionConfiguration',
      apiVersion: 'apiserver.config.k8s.io/v1',
      resources: [
        {resources: ['*.apps'], providers: [{secretbox: {keys: [{name: 'k\u00e9y \\ "x"', secret: base64(17)}]}}]},
        {resources: ['*.*'], providers: [{identity: {}}]},
      ],
    },
    undefined,
    2,
  ),
);

const denseYaml = text(`kind: EncryptionConfiguration
apiVersion: "apiserver.config.k8s.io/v1"
resources:
- providers:
  - identity: {}
  - secretbox:
      keys:
      - {name: sb, secret: '${base64(19)}'}
      - name: lit
        secret: |
          ${base64(23)}
  resources: [events, "*.batch",
    deployments.apps,]
- resources: ['*.']
  providers: [aesgcm: {keys: [{name: g1, secret: ${base64(29, 24)}}]}]
`);

const kms = text(`apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - kms:
          apiVersion: v2
          name: vault
          endpoint: unix:///run/kms/socket.sock
          timeout: 1ms
      - aesgcm:
          keys:
            - secret: >-
                ${base64(31)}
              name: k
...
`);

/** The files by name. The KMS plugin's time-out is short because the loader waits for it. */
export const corpus: readonly {readonly name: string; readonly bytes: Uint8Array}[] = [
  {name: 'canonical', bytes: canonical},
  {name: 'hand-made', bytes: handMade},
  {name: 'pretty JSON', bytes: prettyJson},
  {name: 'dense YAML', bytes: denseYaml},
  {name: 'KMS', bytes: kms},
];
