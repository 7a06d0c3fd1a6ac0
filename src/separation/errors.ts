/** The errors of separation that are not the caller's arguments; networks throw them too. */
export { SeparationError } from '../models/errors.ts'
