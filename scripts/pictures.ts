// `npm run pictures`: plays the rehearsals of docs/pictures and draws each beside its file. The same sources make the
// same bytes, so a picture that changed shows that the rotation did.
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseRehearsal, problemText} from '../cli/src/rehearsal/read.ts';
import {renderPicture} from '../cli/src/report/picture.ts';
import {recordRehearsal} from '../host-sim/src/index.ts';
import {root} from './workspace.ts';

const folder = join(root, 'docs/pictures');

/** @throws Error where a rehearsal cannot be read, or something in it breaks: no picture shows that unsaid */
function draw(file: string): string {
  const read = parseRehearsal(readFileSync(join(folder, file), 'utf8'));
  if (read.outcome === 'invalid') throw new Error(read.problems.map((each) => problemText(file, each)).join('\n'));
  const {recording} = recordRehearsal(read.rehearsal, {seed: read.rehearsal.seeds.from});
  const {state, text} = recording.verdict;
  if (state !== 'passed') throw new Error(`${file}: expected a rehearsal that passes, got ${state}: ${text}`);
  return renderPicture(recording);
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  const picture = file.replace(/yaml$/, 'svg');
  writeFileSync(join(folder, picture), draw(file));
  console.log(`drew docs/pictures/${picture}`);
}
