/**
 * The main entry point, `divisi`: what an application needs to take songs apart. Each folder has an entry point of its own
 * (`divisi/tensor`, `divisi/nn`, `divisi/training`, …) with everything that is public in it.
 */
export * from './separation/index.ts'
