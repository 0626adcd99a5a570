import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

// Files with secrets: only this user may read them, nobody else made them, and no symbolic link leads elsewhere.

/** Not there on Windows, where `lstat` has to do. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
/** Flags for a file that must not be there yet. */
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NOFOLLOW;

const writeLater = promisify(writeFile);
const syncLater = promisify(fsync);

/**
 * Makes a folder that only this user may read, and that git ignores, unless it is there.
 * @throws Error for a symbolic link, for what is no folder, and for a folder of another user
 */
export function makeFolder(folder: string): void {
  const found = kindOf(folder);
  if (found === 'folder') {
    return refuseStranger(folder, lstatSync(folder));
  }
  if (found !== undefined) {
    throw new Error(`${folder} is no folder but a ${found}. Nothing is kept there.`);
  }
  if (
    mkdirSync(folder, {
      recursive: true,
      mode: 0o700,
    }) !== undefined
  ) {
    writeFileSync(join(folder, '.gitignore'), '*\n', {
      mode: 0o600,
      flag: 'wx',
    });
  }
}

/**
 * Reads a file of text; `undefined` where there is none.
 * @throws Error for a symbolic link, for what is no file, and for a file of another user
 */
export function readText(file: string): string | undefined {
  const kind = kindOf(file);
  if (kind === undefined) {
    return undefined;
  }
  refuseOthers(file, kind);
  const opened = openSync(file, constants.O_RDONLY | NOFOLLOW);
  try {
    refuseStranger(file, fstatSync(opened));
    return readFileSync(opened, 'utf8');
  } finally {
    closeSync(opened);
  }
}

/** Writes a file under a temporary name, and then gives it its name: nobody ever sees half of it. */
export function writeText(file: string, ...texts: readonly string[]): void {
  const temporary = temporaryFor(file);
  try {
    writeNew(temporary, texts);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A file that is being written. */
export interface UnderWay {
  /** Resolves once it is written or abandoned. Rejects where it cannot be written. */
  readonly done: Promise<void>;
  /** Leaves the file as it was. What was written so far is removed. */
  abandon(): void;
}

/** Writes a file as `writeText` does, piece by piece, while other things happen in between. */
export function startWriting(file: string, texts: Iterable<string>): UnderWay {
  const temporary = temporaryFor(file);
  const opened = openSync(temporary, NEW, 0o600);
  let isWanted = true;
  const abandon = () => {
    isWanted = false;
    rmSync(temporary, { force: true });
  };
  const finish = async () => {
    try {
      for (const text of texts) {
        await writeLater(opened, text);
      }
      await syncLater(opened);
    } finally {
      closeSync(opened);
    }
    if (isWanted) {
      renameSync(temporary, file);
    }
  };
  const done = finish().catch((error: unknown) => {
    abandon();
    throw error;
  });
  return { done, abandon };
}

function temporaryFor(file: string): string {
  const kind = kindOf(file);
  if (kind !== undefined) {
    refuseOthers(file, kind);
  }
  return join(dirname(file), `.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
}

/** Writes a file that must not be there yet: false where it is. */
export function writeFirst(file: string, text: string): boolean {
  try {
    writeNew(file, [text]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

function writeNew(file: string, texts: readonly string[]): void {
  const opened = openSync(file, NEW, 0o600);
  try {
    texts.forEach((text) => writeFileSync(opened, text));
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** Names of the files in a folder that end so, without the end; none where there is no folder. */
export function namesIn(folder: string, end: string): string[] {
  if (kindOf(folder) !== 'folder') {
    return [];
  }
  const names = readdirSync(folder).filter((name) => name.endsWith(end));
  return names.map((name) => name.slice(0, -end.length)).sort();
}

function refuseOthers(file: string, kind: string): void {
  if (kind !== 'file') {
    throw new Error(`${file} is no file but a ${kind}. It is not touched.`);
  }
}

/**
 * Refuses what another user of this machine left there, such as a token that they know. Root reads everything anyway, and in a
 * container it often has the files of the user outside. Windows has no such ids.
 */
function refuseStranger(path: string, { uid: owner }: { readonly uid: number }): void {
  const user = process.getuid?.() ?? 0;
  if (user !== 0 && owner !== user && owner !== 0) {
    throw new Error(`${path} belongs to another user of this machine. It is not used.`);
  }
}

function kindOf(path: string): 'file' | 'folder' | 'symbolic link' | 'special file' | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) {
    return undefined;
  }
  if (found.isSymbolicLink()) {
    return 'symbolic link';
  }
  if (found.isDirectory()) {
    return 'folder';
  }
  return found.isFile() ? 'file' : 'special file';
}
