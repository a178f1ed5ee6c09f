// The library in a real browser: a page of this test's own server, bundled as a user would, derives the known answers.
import {existsSync, readFileSync} from 'node:fs';
import {createServer, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {root} from '../../scripts/workspace.ts';
import {bundleForBrowser} from '../bundle/bundle.ts';
import {launchChromium, processesBelow, type RunningChromium, startChromium, whyNoChromium} from './chromium.ts';
import type {KnownAnswer, PageReport} from './page.ts';

const vectors = readFileSync(join(root, 'test', 'vectors', 'hkdf-sha512-v1.json'), 'utf8');
const {derivations} = JSON.parse(vectors) as {readonly derivations: readonly KnownAnswer[]};
const strictPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'";

const startMs = 120_000;
let chromium: RunningChromium;
let server: Server;
let address: string;

/** Serves the page, its script and the vectors. `/strict` has a policy that forbids compiling WebAssembly. */
async function startServer(script: string): Promise<Server> {
  const send = (response: ServerResponse, type: string, text: string): void => {
    response.writeHead(200, {'content-type': type}).end(text);
  };
  const made = createServer((request, response) => {
    const {pathname, search} = new URL(request.url ?? '/', 'http://page');
    if (pathname === '/strict') response.setHeader('content-security-policy', strictPolicy);
    if (pathname === '/page.js') return send(response, 'text/javascript', script);
    if (pathname === '/vectors.json') return send(response, 'application/json', vectors);
    return send(response, 'text/html', `<!doctype html><script type="module" src="/page.js${search}"></script>`);
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return made;
}

/** Opens a page and waits for its report. */
async function reportOf(backend: string, path = '/open'): Promise<PageReport> {
  const page = await chromium.browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => faults.push(message.text()));
  try {
    await page.goto(`${address}${path}?backend=${backend}`);
    const report = await page.evaluate(() => (globalThis as {readonly report?: Promise<PageReport>}).report);
    if (report === undefined) throw new Error(`the page made no report: ${faults.join('; ')}`);
    return report;
  } finally {
    await page.close();
  }
}

describe.skipIf(whyNoChromium !== undefined)(
  `in Chromium${whyNoChromium === undefined ? '' : ` (${whyNoChromium})`}`,
  () => {
    beforeAll(async () => {
      const {text} = await bundleForBrowser("import './browser/page.ts';");
      server = await startServer(text);
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      chromium = await startChromium();
    }, startMs);

    afterAll(async () => {
      server?.close();
      // Where Chromium did not start, it left nothing.
      if (chromium === undefined) return;
      await chromium.close();
      expect(processesBelow(chromium.folder)).toEqual([]);
      expect(existsSync(chromium.folder)).toBe(false);
    }, startMs);

    test.each([
      ['noble', 'noble'],
      ['simd', 'wasm-simd'],
      ['scalar', 'wasm-scalar'],
      ['best', 'wasm-simd'],
      ['best at once', 'wasm-simd'],
    ])('all 24 known answers, asked for %s ⇒ the same bytes from %s', async (wanted, backend) => {
      expect(derivations).toHaveLength(24);
      const report = await reportOf(wanted);
      expect(report.derivations).toEqual(derivations);
      expect(report.backend).toBe(backend);
      expect(report.wasmAllowed).toBe(true);
    });

    test.each(['noble', 'best', 'best at once'])(
      'a policy that forbids WebAssembly, asked for %s ⇒ the same bytes from noble',
      async (wanted) => {
        const report = await reportOf(wanted, '/strict');
        expect(report.wasmAllowed).toBe(false);
        expect(report.backend).toBe('noble');
        expect(report.derivations).toEqual(derivations);
      },
    );

    test('a policy that forbids WebAssembly, nothing but SIMD will do ⇒ an error with the path', async () => {
      await expect(reportOf('simd', '/strict')).rejects.toThrow(
        /path: expected one that this engine can run, got simd/,
      );
    });

    test('a backend that is not there ⇒ the page says so', async () => {
      await expect(reportOf('other')).rejects.toThrow(/backend: expected noble.*, got other/);
    });
  },
);

test('a program that is no browser ⇒ an error with its path', async () => {
  await expect(launchChromium('/bin/false')).rejects.toThrow(/^Chromium did not start from \/bin\/false/);
});
