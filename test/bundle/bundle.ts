// Bundles as a user's build makes them: esbuild, for browsers, minified, nothing left out. A Node built-in anywhere in
// what is bundled is an error, because nothing is external.
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {build, type Plugin} from 'esbuild';
import {root} from '../../scripts/workspace.ts';

export interface Bundle {
  readonly text: string;
  /** Bytes after gzip at its strongest. */
  readonly gzipBytes: number;
  /** Every module that gave bytes to the bundle, with their number; largest first. */
  readonly parts: readonly {readonly file: string; readonly bytes: number}[];
}

export interface BundleOptions {
  /** Keeps what a module does when it is loaded, whatever its package.json says of side effects. */
  readonly keepEffects?: boolean;
}

/** Bundles one module given as text; its imports are those that a test of this workspace may write. */
export async function bundleForBrowser(source: string, {keepEffects = false}: BundleOptions = {}): Promise<Bundle> {
  const {outputFiles, metafile} = await build({
    stdin: {contents: source, resolveDir: join(root, 'test'), loader: 'ts'},
    absWorkingDir: root,
    bundle: true,
    minify: !keepEffects,
    minifySyntax: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
    write: false,
    plugins: keepEffects ? [withEffects] : [],
  });
  const [output] = outputFiles;
  const inputs = Object.values(metafile.outputs).flatMap((one) => Object.entries(one.inputs));
  if (output === undefined) throw new Error('esbuild: expected one output, got none');
  return {
    text: output.text,
    gzipBytes: gzipSync(output.contents, {level: 9}).length,
    parts: inputs
      .map(([file, {bytesInOutput}]) => ({file, bytes: bytesInOutput}))
      .filter(({bytes}) => bytes > 0)
      .toSorted((a, b) => b.bytes - a.bytes),
  };
}

const withEffects: Plugin = {
  name: 'with-effects',
  setup({onResolve, resolve}) {
    onResolve({filter: /.*/}, async ({path, pluginData, ...from}) => {
      if (pluginData === withEffects) return undefined;
      const {importer, kind, namespace, resolveDir} = from;
      const found = await resolve(path, {importer, kind, namespace, resolveDir, pluginData: withEffects});
      return {...found, sideEffects: true};
    });
  },
};
