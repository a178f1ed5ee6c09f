// What controller and agent must be allowed, asked of the API for the account that runs preflight: whoever installs
// can give only what he has.

import {type ApiTransport, crdResource} from '@etcd-encryption/host-k8s';
import {
  configResource,
  deploymentResource,
  endpointSliceResource,
  eventResource,
  keyResource,
  kubernetesNodeResource,
  leaseResource,
  moduleInfoResource,
  namespaceResource,
  nodeReportResource,
  ourNamespace,
  type ResourceType,
  ringResource,
  secretResource,
  seedBundleResource,
  serversService,
  synchronizer,
} from '@etcd-encryption/rotation';
import type {Findings} from './finding.ts';

interface Need {
  readonly resource: ResourceType;
  readonly verbs: readonly string[];
  readonly namespace?: string;
  readonly subresource?: string;
}

const here = {namespace: ourNamespace};

/** Beside the listed resources, which are listed and patched in every namespace. */
const needs: readonly Need[] = [
  {resource: configResource, verbs: ['get', 'list', 'watch']},
  {resource: configResource, subresource: 'status', verbs: ['update']},
  {resource: ringResource, verbs: ['get', 'list', 'watch', 'create', 'update'], ...here},
  {resource: nodeReportResource, verbs: ['get', 'list', 'watch', 'create', 'update'], ...here},
  {resource: keyResource, verbs: ['list', 'create', 'update'], ...here},
  {resource: leaseResource, verbs: ['get', 'list', 'create', 'update'], ...here},
  {resource: kubernetesNodeResource, verbs: ['list']},
  {resource: endpointSliceResource, verbs: ['get'], namespace: serversService.namespace},
  {resource: namespaceResource, verbs: ['get']},
  {resource: eventResource, verbs: ['list']},
  {resource: crdResource, verbs: ['get']},
  {
    resource: {
      group: 'apiregistration.k8s.io',
      version: 'v1',
      plural: 'apiservices',
      kind: 'APIService',
      namespaced: false,
    },
    verbs: ['list'],
  },
];

/** Beside those, under the deterministic strategy. */
const pairNeeds: readonly Need[] = [
  {resource: secretResource, verbs: ['get'], ...here},
  {resource: seedBundleResource, verbs: ['get', 'create', 'update'], ...here},
  {resource: deploymentResource, verbs: ['get'], namespace: synchronizer.namespace},
  {resource: leaseResource, verbs: ['get'], namespace: synchronizer.namespace},
  {resource: moduleInfoResource, verbs: ['list']},
];

/** What the account is asked about. */
export interface Permissions {
  /** Types of the listed resources. */
  readonly types: readonly ResourceType[];
  readonly isDeterministic: boolean;
}

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
/** Questions at a time. */
const atOnce = 8;

interface Question {
  readonly text: string;
  readonly spec: unknown;
}

function questionsFor({types, isDeterministic}: Permissions): readonly Question[] {
  const all = [...needs, ...(isDeterministic ? pairNeeds : [])];
  const listed = types.map((resource): Need => ({resource, verbs: ['list', 'patch']}));
  const asked = [...all, ...listed].flatMap(({resource, verbs, namespace, subresource}) =>
    verbs.map((verb): Question => {
      const {group, version, plural} = resource;
      const sub = subresource === undefined ? {} : {subresource};
      const where = namespace === undefined ? {} : {namespace};
      const name = `${plural}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
      return {
        text: `${verb} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`,
        spec: {resourceAttributes: {group, version, resource: plural, verb, ...where, ...sub}},
      };
    }),
  );
  return [...asked, {text: 'get /metrics', spec: {nonResourceAttributes: {path: '/metrics', verb: 'get'}}}];
}

/** Asks for every right; adds one line. */
export async function checkPermissions(
  request: ApiTransport['request'],
  permissions: Permissions,
  findings: Findings,
): Promise<void> {
  const questions = questionsFor(permissions);
  const missing: string[] = [];
  for (let at = 0; at < questions.length; at += atOnce) {
    const some = questions.slice(at, at + atOnce);
    const answers = await Promise.all(some.map((question) => mayDo(request, question)));
    if (answers.includes(undefined)) {
      findings.unseen('permissions', 'the API did not answer SelfSubjectAccessReviews');
      return;
    }
    missing.push(...some.filter((_, index) => answers[index] === false).map(({text}) => text));
  }
  if (missing.length === 0)
    findings.fine('permissions', `this account may do all ${questions.length} things that controller and agent do`);
  else
    findings.red('permissions', `this account may not, and so cannot let controller and agent: ${missing.join(', ')}`);
}

async function mayDo(request: ApiTransport['request'], {spec}: Question): Promise<boolean | undefined> {
  const body = JSON.stringify({apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec});
  const answer = await request({method: 'POST', path, body});
  if (answer.outcome !== 'answered' || answer.status !== 201) return undefined;
  const review = JSON.parse(answer.text) as {readonly status?: {readonly allowed?: boolean}};
  return review.status?.allowed === true;
}
