/** Why stems cannot be written, in words: what the system says names hidden files and its own functions. */

import { AudioError } from '../audio/index.ts'
import { SeparationError } from './errors.ts'
import { hiddenPrefix } from './staging.node.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is used up',
  EFBIG: 'a file would become larger than is allowed there',
  EROFS: 'the disk can only be read',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it was removed meanwhile',
  ENOTDIR: 'a part of its path is a file',
  EIO: 'the disk fails',
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && !String(error.syscall).startsWith('spawn')

/** The system's error behind one that is about the folder's files; undefined where it is about something else, as the song. */
function writingError(error: unknown): NodeJS.ErrnoException | undefined {
  if (error instanceof AudioError) return error.path?.includes(hiddenPrefix) && isSystemError(error.cause) ? error.cause : undefined
  return isSystemError(error) ? error : undefined
}

/** The error of a folder that stems cannot be written into; any other error as it is. */
export function explainWriting(error: unknown, folder: string): unknown {
  const cause = writingError(error)
  const reason = cause && reasons[cause.code!]
  return reason ? new SeparationError(`the stems cannot be written into ${folder}: ${reason}`, { cause }) : error
}
