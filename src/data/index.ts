/** Training data: file lists, the cache of decoded recordings, augmentation and mixing, batches from worker threads. */
export { type CachedTrack, type CacheOptions, createCacheReader, prepareCache } from './cache.node.ts'
export {
  type CatalogueEntry,
  type Description,
  type ListOptions,
  type LocatedEntry,
  type LocateOptions,
  listFiles,
  locateFiles,
  readCatalogue,
  sharedGroups,
  writeCatalogue,
} from './catalogue.node.ts'
export { type MixConfig, type MixConfigInput, mixConfig, mixSchema, mixVersion, type StemConfig } from './config.ts'
export { type Batch, createLoader, type Loader, type LoaderOptions } from './loader.node.ts'
export { createMixer, type Example, type Mixer } from './mix.ts'
export { type CachedSpectrogram, prepareSpectrograms, readSpectrogram, type SpectrogramCacheOptions } from './spectrogram-cache.node.ts'
export * from './synthetic/index.ts'
export { makeSyntheticTracks, type SyntheticOptions } from './synthetic-tracks.node.ts'
export { type Kind, type Split, SYNTHETIC_SOURCE, type Track, type TrackReader } from './tracks.ts'
export { writeWhole } from './write-whole.node.ts'
