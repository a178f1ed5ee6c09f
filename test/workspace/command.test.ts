// Programs that the scripts run: output and exit code come back, and an interrupted script leaves nothing behind.
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {runCommand} from '../../scripts/command.ts';
import {root} from '../../scripts/workspace.ts';

test('a program that ends ⇒ its exit code and, when quiet, both streams', async () => {
  const source = "console.log('out'); console.error('err'); process.exitCode = 3;";
  const {code, output} = await runCommand('node', ['--eval', source], {quiet: true});
  expect(code).toBe(3);
  expect(output.trim().split('\n').toSorted()).toEqual(['err', 'out']);
});

test('a program that does not exist ⇒ exit code 1 and a message', async () => {
  const {code, output} = await runCommand('no-such-program', [], {quiet: true});
  expect(code).toBe(1);
  expect(output).toContain('no-such-program did not start');
});

test('the tools of the workspace ⇒ come first on PATH', async () => {
  expect((await runCommand('node', ['--version'], {quiet: true})).output.trim()).toBe('v24.21.0');
});

test('a script that gets SIGTERM ⇒ ends the program and what that started, and exits with 143', async () => {
  const grandchild = 'console.log(process.pid); setTimeout(() => {}, 30_000);';
  const child = `require('node:child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(grandchild)}], {stdio: 'inherit'});
    console.log(process.pid); setTimeout(() => {}, 30_000);`;
  const source = `import {endProgramsOnSignal, runCommand} from ${JSON.stringify(join(root, 'scripts', 'command.ts'))};
    endProgramsOnSignal();
    await runCommand('node', ['--eval', ${JSON.stringify(child)}]);`;
  const script = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  await new Promise<void>((resolve) => {
    script.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.trim().split('\n').length === 2) resolve();
    });
  });
  const code = new Promise((resolve) => script.once('exit', resolve));
  script.kill('SIGTERM');
  expect(await code).toBe(143);
  for (const pid of text.trim().split('\n').map(Number)) expect(await isGone(pid), `process ${pid}`).toBe(true);
});

/** Whether the process ends within a few seconds. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
