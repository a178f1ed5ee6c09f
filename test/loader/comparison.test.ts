// Our reader against kube-apiserver's own loader. Every place of five files gets another byte: 12 chosen ones here, all
// 255 others in the full run (`npm run test:long -- loader`), which also generates ten times as many files.
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {type LoaderClient, openLoader} from '../control-plane/loader-client.ts';
import {oneByteChanges, prefixesOf, spliced} from './change.ts';
import {compare, countsOf, onlyTheirsOf, type Tally, tallyLine} from './comparison.ts';
import {corpus} from './corpus.ts';
import {generatedFile} from './generate.ts';
import {randomOf} from './random.ts';

const run = openProofRun();
const perPlace = run.long ? 255 : 12;
const rounds = Array.from({length: run.long ? 10 : 1}, (_, i) => ({round: i + 1}));
const perRound = 20_000;

// What kube-apiserver loads and we do not: see the head of the reader. Base64 that is not canonical is refused on
// purpose; the others are what nobody writes into such a file.
const documented = new Set(['secret-not-base64', 'unsupported-yaml', 'not-yaml', 'wrong-endpoint']);

let loader: LoaderClient;

beforeAll(async () => {
  loader = await openLoader();
});

afterAll(async () => {
  await loader.close();
});

/** Compares files in one slice of the run. At most `most` of them may load in kube-apiserver alone. */
async function expectAgreement(name: string, files: Iterable<Uint8Array>, most: number): Promise<void> {
  await run.slice(name, async () => {
    const tally = await compare(loader, files);
    console.log(tallyLine(name, tally));
    expectSafe(tally, most);
    return countsOf(tally);
  });
}

function expectSafe(tally: Tally, most: number): void {
  expect(tally.onlyOurs.map((file) => new TextDecoder().decode(file))).toEqual([]);
  for (const reason of tally.onlyTheirs.keys()) expect(documented).toContain(reason);
  expect(onlyTheirsOf(tally)).toBeLessThanOrEqual(most);
}

test.each(corpus)('the file "$name" ⇒ both load it', async ({bytes}) => {
  expect(await compare(loader, [bytes])).toMatchObject({both: 1});
});

test.each(corpus)('every prefix of "$name" ⇒ both judge it alike', async ({name, bytes}) => {
  await expectAgreement(`${name}, cut short`, prefixesOf(bytes), 0);
});

test('a file of ours, or one of JSON, is cut short anywhere ⇒ neither loads it', async () => {
  for (const {name, bytes} of corpus) {
    if (name !== 'canonical' && name !== 'pretty JSON') continue;
    expect(await compare(loader, prefixesOf(bytes))).toMatchObject({both: 0, neither: bytes.length});
  }
});

test.each(corpus)('every one-byte change of "$name" ⇒ never one that only we would load', async ({name, bytes}) => {
  const changes = oneByteChanges(bytes, randomOf(run.seed), perPlace);
  await expectAgreement(`${name}, one byte another`, changes, 0.01 * bytes.length * perPlace);
});

test.each(rounds)(
  'spliced copies of the five files, round $round ⇒ never one that only we would load',
  async ({round}) => {
    await expectAgreement(`spliced files ${round}`, splicedFiles(run.seed + round), 0.02 * perRound);
  },
);

test.each(rounds)('generated files, round $round ⇒ never one that only we would load', async ({round}) => {
  await expectAgreement(`generated files ${round}`, generatedFiles(run.seed + round), 0.01 * perRound);
});

test('generated and spliced files ⇒ many of them load, and many do not', async () => {
  for (const files of [generatedFiles(run.seed), splicedFiles(run.seed)]) {
    const {both, neither} = await compare(loader, firstOf(files, 5_000));
    expect(both).toBeGreaterThan(300);
    expect(neither).toBeGreaterThan(300);
  }
});

function* generatedFiles(seed: number): Generator<Uint8Array> {
  const random = randomOf(seed);
  for (let i = 0; i < perRound; i++) yield generatedFile(random);
}

function* splicedFiles(seed: number): Generator<Uint8Array> {
  const random = randomOf(seed);
  for (let i = 0; i < perRound; i++) {
    const text = new TextDecoder().decode(corpus[i % corpus.length]?.bytes);
    yield new TextEncoder().encode(spliced(text, random));
  }
}

function* firstOf<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}
