// What only a real disk has: links, pipes, mounts, ACLs and labels. The rest is in the files contract.

import {execFileSync} from 'node:child_process';
import {linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createFilesPorts, type FilesPorts, portErrorOf} from '@etcd-encryption/host-k8s';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';

let outside: string;
let root: string;
let ports: FilesPorts;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'eem-files-'));
  root = join(outside, 'node');
  mkdirSync(join(root, 'etc/kubernetes'), {recursive: true});
  writeFileSync(join(outside, 'secret'), 'outside');
  ports = createFilesPorts({root});
});
afterEach(() => rmSync(outside, {recursive: true}));

const run = (program: string, ...args: readonly string[]): Buffer => execFileSync(program, args, {stdio: 'pipe'});
const real = (path: string): string => join(root, path);
const conf = '/etc/kubernetes/conf';

describe('paths', () => {
  test('a root that is not absolute ⇒ TypeError', () => {
    expect(() => createFilesPorts({root: 'node'})).toThrow(TypeError);
  });

  test.for(['../secret', '/../secret', '/etc/../../secret', 'etc', '', '/etc/\0', '/..'])(
    'the path %j ⇒ invalid, on every operation',
    async (path) => {
      const bytes = new Uint8Array();
      expectError(await ports['files.list']({directory: path}), 'invalid', 'EINVAL');
      expectError(await ports['files.read']({path}), 'invalid', 'EINVAL');
      expectError(await ports['files.create']({path, mode: 0o600}), 'invalid', 'EINVAL');
      expectError(await ports['files.write']({path, bytes, append: true}), 'invalid', 'EINVAL');
      expectError(await ports['files.rename']({from: conf, to: path}), 'invalid', 'EINVAL');
      expectError(await ports['files.remove']({path}), 'invalid', 'EINVAL');
    },
  );

  test('a link as the last component ⇒ never followed', async () => {
    symlinkSync(join(outside, 'secret'), real(conf));
    const bytes = new Uint8Array([1]);
    expectError(await ports['files.read']({path: conf}), 'invalid', 'ELOOP');
    expectError(await ports['files.write']({path: conf, bytes, append: false}), 'invalid', 'ELOOP');
    expectError(await ports['files.truncate']({path: conf, size: 0}), 'invalid', 'ELOOP');
    expectError(await ports['files.setMode']({path: conf, mode: 0o777}), 'invalid', 'ELOOP');
    expectError(await ports['files.sync']({path: conf}), 'invalid', 'ELOOP');
    expectError(await ports['files.create']({path: conf, mode: 0o600}), 'conflict', 'EEXIST');
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('outside');
  });

  test('a link is replaced or removed ⇒ the link itself, not what it points at', async () => {
    symlinkSync(join(outside, 'secret'), real(conf));
    writeFileSync(real('/etc/kubernetes/new'), 'new');
    expectValue(await ports['files.rename']({from: '/etc/kubernetes/new', to: conf}));
    expect(lstatSync(real(conf)).isFile()).toBe(true);
    symlinkSync(join(outside, 'secret'), real('/etc/kubernetes/link'));
    expectValue(await ports['files.remove']({path: '/etc/kubernetes/link'}));
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('outside');
  });

  test('a folder that is an absolute link ⇒ followed inside the root', async () => {
    mkdirSync(real('/data/kubernetes'), {recursive: true});
    writeFileSync(real('/data/kubernetes/conf'), 'inside');
    symlinkSync('/data/kubernetes', real('/etc/k8s'));
    const file = expectValue(await ports['files.read']({path: '/etc/k8s/conf'}));
    expect(new TextDecoder().decode(file?.bytes)).toBe('inside');
  });

  test.for(['..', '../..', '/..', '../../../../../../../../..'])(
    'a folder that is a link to %s ⇒ never outside the root',
    async (target) => {
      symlinkSync(target, real('/etc/up'));
      expect(expectValue(await ports['files.read']({path: '/etc/up/secret'}))).toBeUndefined();
      expect(expectValue(await ports['files.read']({path: '/etc/up/up/secret'}))).toBeUndefined();
    },
  );

  test('folders that link in a circle ⇒ invalid ELOOP', async () => {
    symlinkSync('b', real('/etc/a'));
    symlinkSync('a', real('/etc/b'));
    expectError(await ports['files.read']({path: '/etc/a/conf'}), 'invalid', 'ELOOP');
  });
});

describe('other kinds of file', () => {
  test('a pipe ⇒ invalid at once, nobody waits', async () => {
    run('mkfifo', real(conf));
    expectError(await ports['files.read']({path: conf}), 'invalid', 'EINVAL');
    expectError(await ports['files.write']({path: conf, bytes: new Uint8Array([1]), append: true}), 'invalid');
  });

  test('a hard link of the file ⇒ written in place it shows in both, renamed over in one', async () => {
    writeFileSync(real(conf), 'old');
    linkSync(real(conf), real('/etc/kubernetes/other'));
    expectValue(await ports['files.write']({path: conf, bytes: Buffer.from('in place'), append: false}));
    expect(readFileSync(real('/etc/kubernetes/other'), 'utf8')).toBe('in place');
    writeFileSync(real('/etc/kubernetes/new'), 'renamed');
    expectValue(await ports['files.rename']({from: '/etc/kubernetes/new', to: conf}));
    expect(readFileSync(real('/etc/kubernetes/other'), 'utf8')).toBe('in place');
  });

  test('a file beyond the largest that is read ⇒ invalid EFBIG', async () => {
    writeFileSync(real(conf), '');
    expectValue(await ports['files.truncate']({path: conf, size: 64 * 1024 * 1024 + 1}));
    expectError(await ports['files.read']({path: conf}), 'invalid', 'EFBIG');
  });
});

const mayMount = ((): boolean => {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'eem-mount-'));
    writeFileSync(join(folder, 'a'), '');
    run('mount', '--bind', join(folder, 'a'), join(folder, 'a'));
    run('umount', join(folder, 'a'));
    rmSync(folder, {recursive: true});
    return true;
  } catch {
    return false;
  }
})();

test.runIf(mayMount)('a rename over a mount point ⇒ conflict EBUSY, both files stay', async () => {
  writeFileSync(real(conf), 'mounted');
  writeFileSync(real('/etc/kubernetes/new'), 'new');
  run('mount', '--bind', real(conf), real(conf));
  try {
    expectError(await ports['files.rename']({from: '/etc/kubernetes/new', to: conf}), 'conflict', 'EBUSY');
    expect(expectValue(await ports['files.list']({directory: '/etc/kubernetes'}))).toEqual(['conf', 'new']);
  } finally {
    run('umount', real(conf));
  }
});

describe('owner, ACL and label', () => {
  /** Sets an extended attribute, which Node cannot; `false` where this machine does not allow it. */
  function setAttribute(path: string, name: string, value: Uint8Array): boolean {
    const program = 'import os,sys;os.setxattr(sys.argv[1],sys.argv[2],bytes.fromhex(sys.argv[3]))';
    try {
      execFileSync('python3', ['-c', program, path, name, Buffer.from(value).toString('hex')], {stdio: 'ignore'});
      return true;
    } catch {
      return false;
    }
  }

  /** POSIX ACL, version 2: owner rw, user 1234 r, group r, mask r, others nothing. */
  const acl = Buffer.from(
    '02000000' + '01000600ffffffff' + '02000400d2040000' + '04000400ffffffff' + '10000400ffffffff' + '20000000ffffffff',
    'hex',
  );
  const newFile = '/etc/kubernetes/new';
  const copy = () => ports['files.copyOwnership']({path: newFile, like: conf});
  const mark = (path: string): string => execFileSync('ls', ['-ld', real(path)], {encoding: 'utf8'}).slice(0, 11);

  beforeEach(() => {
    writeFileSync(real(conf), 'old', {mode: 0o640});
    writeFileSync(real(newFile), 'new', {mode: 0o600});
  });

  test.runIf(process.getuid?.() === 0)('another owner and group (as root) ⇒ carried over', async () => {
    run('chown', '1234:2345', real(conf));
    expectValue(await copy());
    const file = expectValue(await ports['files.read']({path: newFile}));
    expect([file?.uid, file?.gid, file?.mode]).toEqual([1234, 2345, 0o640]);
  });

  test('an ACL, where this disk keeps ACLs and python3 can set one ⇒ carried over', async ({skip}) => {
    skip(!setAttribute(real(conf), 'system.posix_acl_access', acl), 'no ACLs here');
    expectValue(await copy());
    expect(mark(newFile)).toBe('-rw-r-----+');
  });

  test('the new file has an ACL and the old one none ⇒ it has none afterwards', async ({skip}) => {
    skip(!setAttribute(real(newFile), 'system.posix_acl_access', acl), 'no ACLs here');
    expectValue(await copy());
    expect(mark(newFile).trim()).toBe('-rw-r-----');
  });

  test('a label that cannot be carried over, on a kernel without SELinux ⇒ denied', async ({skip}) => {
    const label = Buffer.from('system_u:object_r:etc_t:s0\0');
    skip(!setAttribute(real(conf), 'security.selinux', label), 'no labels here');
    expectError(await copy(), 'denied', 'EPERM');
  });

  test('the same label on both ⇒ carried over', async ({skip}) => {
    const label = Buffer.from('system_u:object_r:etc_t:s0\0');
    for (const path of [conf, newFile]) skip(!setAttribute(real(path), 'security.selinux', label), 'no labels here');
    expectValue(await copy());
  });

  test('a link as either file ⇒ invalid', async () => {
    symlinkSync('conf', real('/etc/kubernetes/link'));
    const link = '/etc/kubernetes/link';
    expectError(await ports['files.copyOwnership']({path: newFile, like: link}), 'invalid');
    expectError(await ports['files.copyOwnership']({path: link, like: conf}), 'invalid');
  });
});

describe('errno', () => {
  test.for([
    ['EEXIST', 'conflict'],
    ['EBUSY', 'conflict'],
    ['ENOENT', 'gone'],
    ['EACCES', 'denied'],
    ['EPERM', 'denied'],
    ['EROFS', 'denied'],
    ['EISDIR', 'invalid'],
    ['ENOTDIR', 'invalid'],
    ['ELOOP', 'invalid'],
    ['ENOSPC', 'unavailable'],
    ['EDQUOT', 'unavailable'],
    ['EIO', 'unavailable'],
    ['EMFILE', 'unavailable'],
    ['EVERYTHINGELSE', 'unavailable'],
  ] as const)('%s ⇒ %s', ([errno, code]) => {
    expect(portErrorOf({code: errno}, '/a')).toEqual({code, reason: errno, message: `/a: ${errno}`});
  });

  test('an error that is no system error ⇒ unavailable EIO', () => {
    expect(portErrorOf(new Error('what'), '/a')).toMatchObject({code: 'unavailable', reason: 'EIO'});
  });
});
