// The five CustomResourceDefinitions as objects: names, scope, columns and schemas.

import {
  configResource,
  keyResource,
  nodeReportResource,
  type ResourceType,
  ringResource,
  seedBundleResource,
  singletonName,
} from '@etcd-encryption/rotation';
import {configSpecSchema, configStatusSchema} from './config.ts';
import {seedBundleSchema} from './derivation.ts';
import type {CelRule} from './fields.ts';
import {keySpecSchema} from './key.ts';
import {nodeReportSchema} from './node.ts';
import {ringSchema} from './ring.ts';
import {type JsonSchema, structuralSchema} from './structural.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1 = shown with `-o wide` only. */
  readonly priority?: 1;
}

/** An `apiextensions.k8s.io/v1` CustomResourceDefinition, as we write it. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: {readonly name: string};
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: Readonly<Record<string, unknown>>;
    readonly versions: readonly {
      readonly name: string;
      readonly served: true;
      readonly storage: true;
      readonly schema: {readonly openAPIV3Schema: JsonSchema};
      readonly subresources?: {readonly status: Record<never, never>};
      readonly additionalPrinterColumns: readonly Column[];
    }[];
  };
}

interface Kind {
  readonly resource: ResourceType;
  readonly description: string;
  readonly shortNames?: readonly string[];
  readonly parts: Readonly<Record<string, JsonSchema>>;
  /** Which of the parts must be there. */
  readonly required: readonly string[];
  readonly rules?: readonly CelRule[];
  readonly statusSubresource?: true;
  readonly columns: readonly Column[];
}

const age: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
};

const onlyDefault: CelRule = {
  rule: `self.metadata.name == '${singletonName}'`,
  message: `there is only one, and its name is ${singletonName}`,
};

const ready = (type: string): string => `.status.conditions[?(@.type=="${type}")].status`;

const kinds: readonly Kind[] = [
  {
    resource: configResource,
    description: 'Which resources are encrypted in etcd, and how their keys are rotated.',
    shortNames: ['eec'],
    parts: {spec: structuralSchema(configSpecSchema), status: structuralSchema(configStatusSchema)},
    required: ['spec'],
    rules: [onlyDefault],
    statusSubresource: true,
    columns: [
      {name: 'Revision', type: 'integer', jsonPath: '.status.revision', description: 'Write key of every member.'},
      {name: 'Ready', type: 'string', jsonPath: ready('Ready'), description: 'Whether all is well.'},
      {name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'One word for people.'},
      {name: 'Nodes', type: 'string', jsonPath: '.status.progress.nodes', description: 'Nodes that are up to date.'},
      {name: 'Migration', type: 'string', jsonPath: '.status.migration.state', description: 'State of the values.'},
      {name: 'Next', type: 'string', jsonPath: '.status.rotation.nextTime', description: 'When the next key is due.'},
      age,
      {name: 'Strategy', type: 'string', jsonPath: '.spec.keyStrategy', description: 'Key strategy.', priority: 1},
      {name: 'Role', type: 'string', jsonPath: '.status.role', description: 'Active or Standby.', priority: 1},
      {
        name: 'Failover-Ready',
        type: 'string',
        jsonPath: ready('FailoverReady'),
        description: 'Whether the Standby could take over.',
        priority: 1,
      },
    ],
  },
  {
    resource: ringResource,
    description: 'What every control-plane node shall hold. Written by the controller; no key bytes.',
    parts: {spec: structuralSchema(ringSchema)},
    required: ['spec'],
    rules: [onlyDefault],
    columns: [
      {name: 'Epoch', type: 'integer', jsonPath: '.spec.epoch', description: 'Epoch.'},
      {name: 'Version', type: 'integer', jsonPath: '.spec.version', description: 'Version.'},
      age,
    ],
  },
  {
    resource: nodeReportResource,
    description: "What one control-plane node's agent saw last. References only, never bytes.",
    parts: {status: structuralSchema(nodeReportSchema)},
    required: [],
    columns: [
      {name: 'File', type: 'string', jsonPath: '.status.file.state', description: 'The file in place.'},
      {name: 'Server', type: 'string', jsonPath: '.status.server.state', description: 'The kube-apiserver.'},
      {name: 'Ring', type: 'integer', jsonPath: '.status.ring.version', description: 'Ring it was made after.'},
      age,
    ],
  },
  {
    resource: keyResource,
    description: 'One key, sealed for the control-plane nodes.',
    parts: {spec: structuralSchema(keySpecSchema)},
    required: ['spec'],
    columns: [
      {name: 'Provider', type: 'string', jsonPath: '.spec.provider', description: 'Provider of the key.'},
      {name: 'Check', type: 'string', jsonPath: '.spec.check', description: 'Check value of the key.'},
      {name: 'By', type: 'string', jsonPath: '.spec.createdBy', description: 'Node that created it.'},
      age,
    ],
  },
  {
    resource: seedBundleResource,
    description: 'What both clusters of a pair derive their keys from, together with the root key. Replicated.',
    parts: {spec: structuralSchema(seedBundleSchema)},
    required: ['spec'],
    rules: [onlyDefault],
    columns: [age],
  },
];

/** The definitions this release was built with, in the order in which they are installed. */
export const customResourceDefinitions: readonly CustomResourceDefinition[] = kinds.map(define);

function define(kind: Kind): CustomResourceDefinition {
  const {group, version, plural, kind: name, namespaced} = kind.resource;
  const schema: JsonSchema = {
    description: kind.description,
    type: 'object',
    ...(kind.required.length === 0 ? {} : {required: kind.required}),
    properties: {
      apiVersion: {description: `${group}/${version}.`, type: 'string'},
      kind: {description: `${name}.`, type: 'string'},
      // A CRD may not describe it: metadata is the server's.
      metadata: {type: 'object'},
      ...kind.parts,
    },
    ...(kind.rules === undefined ? {} : {'x-kubernetes-validations': kind.rules}),
  };
  const names = {
    kind: name,
    listKind: `${name}List`,
    plural,
    singular: name.toLowerCase(),
    ...(kind.shortNames === undefined ? {} : {shortNames: kind.shortNames}),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {name: `${plural}.${group}`},
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {openAPIV3Schema: schema},
          ...(kind.statusSubresource === undefined ? {} : {subresources: {status: {}}}),
          additionalPrinterColumns: kind.columns,
        },
      ],
    },
  };
}
