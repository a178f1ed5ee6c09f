// A static Pod manifest of kube-apiserver, as far as it matters here: flags, environment, and where a path of the
// container lies on the node. Pure: text in, facts out. It never throws on what a manifest says.

import {parse} from 'yaml';

export interface StaticPod {
  /** Last value of every `--flag`, by name without dashes; a flag without value is `true`. */
  readonly flags: ReadonlyMap<string, string>;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  /** Values of the Pod's annotations. */
  readonly annotations: ReadonlyMap<string, string>;
}

export interface Mount {
  /** Path in the container. */
  readonly mountPath: string;
  /** Where that is on the node; absent when the volume is no hostPath. */
  readonly nodePath?: string;
  /** `type` of the hostPath; empty when it is left out. */
  readonly type: string;
}

export type ReadStaticPod =
  | {readonly outcome: 'read'; readonly pod: StaticPod}
  | {readonly outcome: 'refused'; readonly problem: string};

export interface Placement {
  /** The path on the node. */
  readonly path: string;
  readonly mount: 'directory' | 'single-file' | 'unknown';
}

const program = 'kube-apiserver';

export function readStaticPod(text: string): ReadStaticPod {
  let document: unknown;
  try {
    document = parse(text, {maxAliasCount: 16, logLevel: 'silent'});
  } catch (error) {
    const where = error instanceof Error ? error.message.split('\n')[0] : '';
    return {outcome: 'refused', problem: `the manifest is not YAML: ${where?.slice(0, 200) ?? ''}`};
  }
  const spec = fieldsOf(fieldsOf(document).spec);
  const container = listOf(spec.containers).map(fieldsOf).find(isApiServer);
  if (container === undefined) return {outcome: 'refused', problem: `the manifest has no ${program} container`};
  const words = commandOf(container);
  const start = words.findIndex((word) => word === program || word.endsWith(`/${program}`));
  if (start < 0) return {outcome: 'refused', problem: `the container does not run ${program} by name`};
  const volumes = new Map(listOf(spec.volumes).map((volume) => [textOf(fieldsOf(volume).name), fieldsOf(volume)]));
  return {
    outcome: 'read',
    pod: {
      flags: readFlags(words.slice(start + 1)),
      env: readEnvironment(container),
      mounts: listOf(container.volumeMounts).map((mount) => readMount(fieldsOf(mount), volumes)),
      annotations: readTexts(fieldsOf(fieldsOf(document).metadata).annotations),
    },
  };
}

/** Where a path of the container lies on the node, and whether a rename beside it reaches the container. */
export function placeOnNode(pod: StaticPod, path: string): Placement {
  const mount = pod.mounts
    .filter(({mountPath}) => path === mountPath || path.startsWith(mountPath === '/' ? '/' : `${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
  if (mount?.nodePath === undefined) return {path, mount: 'unknown'};
  const rest = path.slice(mount.mountPath.length).replace(/^\//, '');
  const single = rest === '' || mount.type.startsWith('File');
  return {
    path: rest === '' ? mount.nodePath : joinPath(mount.nodePath, rest),
    mount: single ? 'single-file' : 'directory',
  };
}

const isApiServer = (container: Fields): boolean =>
  textOf(container.name) === program || commandOf(container).some((word) => word.split('/').at(-1) === program);

const commandOf = (container: Fields): readonly string[] =>
  [...listOf(container.command), ...listOf(container.args)].map(textOf);

/** `--flag=value`, `--flag value` and a bare `--flag`; the last one of a name counts, as in kube-apiserver. */
function readFlags(words: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    if (!word.startsWith('--')) continue;
    const end = word.indexOf('=');
    if (end > 0) flags.set(word.slice(2, end), word.slice(end + 1));
    else {
      const next = words[index + 1];
      flags.set(word.slice(2), next === undefined || next.startsWith('--') ? 'true' : next);
    }
  }
  return flags;
}

function readEnvironment(container: Fields): ReadonlyMap<string, string> {
  const entries = listOf(container.env).map(fieldsOf);
  return new Map(entries.map(({name, value}) => [textOf(name), textOf(value)]));
}

function readMount(mount: Fields, volumes: ReadonlyMap<string, Fields>): Mount {
  const mountPath = trimPath(textOf(mount.mountPath));
  const hostPath = fieldsOf(volumes.get(textOf(mount.name))?.hostPath);
  const type = textOf(hostPath.type);
  const folder = textOf(hostPath.path);
  if (folder === '') return {mountPath, type};
  const subPath = textOf(mount.subPath);
  return {mountPath, type, nodePath: subPath === '' ? trimPath(folder) : joinPath(folder, subPath)};
}

const trimPath = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);
const joinPath = (folder: string, rest: string): string => `${folder.replace(/\/+$/, '')}/${rest.replace(/^\/+/, '')}`;

// Reading a document of unknown shape: what is not there or of another kind is empty.

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function readTexts(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(fieldsOf(value)).map(([name, text]) => [name, textOf(text)]));
}
