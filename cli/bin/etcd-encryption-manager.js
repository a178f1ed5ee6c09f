#!/usr/bin/env node
// The program's door: it makes sure that Node is new enough, then hands the arguments to main(). It is plain
// JavaScript in old syntax, because its first duty is to speak clearly under a Node that could not read the rest.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {constants} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

// package.json's "engines" names the same version.
const needed = '22.19.0';
const here = dirname(fileURLToPath(import.meta.url));
// Set for the pinned Node, so that a pinned one that is too old itself ends in a message and not in a circle.
const pinnedMark = 'ETCD_ENCRYPTION_MANAGER_PINNED_NODE';

function isOlder(version, wanted) {
  const have = version.split('.').map(Number);
  const want = wanted.split('.').map(Number);
  const at = want.findIndex((part, index) => part !== have[index]);
  return at !== -1 && have[at] < want[at];
}

/** The Node that the workspace pins through npm, searched upward from this file. */
function findPinnedNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const file = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Runs this program again under another Node and ends as that one ends. */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    // The channel tells the other program when this one is gone, however it ended.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {...process.env, [pinnedMark]: '1'},
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends SIGINT to both programs already; a second one would count as "stop at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once('error', (error) => {
    console.error(`etcd-encryption-manager: ${node} did not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exit(code === null ? 128 + constants.signals[signal] : code);
  });
}

/** A built package holds JavaScript; in the repository the TypeScript sources run directly. */
async function runMain() {
  if (process.env[pinnedMark] !== undefined && process.channel) {
    process.once('disconnect', () => process.exit(1));
    process.channel.unref();
  }
  const built = new URL('../src/index.js', import.meta.url);
  const source = new URL('../src/index.ts', import.meta.url);
  const {main} = await import(existsSync(fileURLToPath(built)) ? built.href : source.href);
  process.exitCode = await main(process.argv.slice(2));
}

if (!isOlder(process.versions.node, needed)) {
  await runMain();
} else {
  const pinned = process.env[pinnedMark] === undefined ? findPinnedNode() : undefined;
  if (pinned === undefined) {
    console.error(
      `etcd-encryption-manager needs Node ${needed} or newer; this is Node ${process.versions.node} (${process.execPath})`,
    );
    process.exitCode = 1;
  } else {
    runUnder(pinned);
  }
}
