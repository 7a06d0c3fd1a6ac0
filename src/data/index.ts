/** Training data: file lists, the cache of decoded recordings, augmentation and mixing, batches from worker threads. */

export { writeWhole } from '../formats/write-whole.node.ts'
export { type CachedTrack, type CacheOptions, createCacheReader, prepareCache } from './cache.node.ts'
export { type CachedStem, readStem } from './cached-stems.node.ts'
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
export * from './check/index.ts'
export type { Annotation, Clip, ClipKind, ClipSplit } from './clips/annotation.ts'
export { type ClipOptions, clipKinds, clipVersion, makeClip } from './clips/clip.ts'
export { type ClipSet, type ClipSetOptions, prepareClips } from './clips/clip-set.node.ts'
export { type MixConfig, type MixConfigInput, mixConfig, mixSchema, mixVersion, type StemConfig } from './config.ts'
export { type DownloadOptions, downloadFile } from './download.node.ts'
export {
  type FolderFile,
  type FolderRole,
  type FolderSound,
  type Folders,
  type FoldersInput,
  foldersSchema,
  type ListFoldersOptions,
  listFolders,
  type PrepareFoldersOptions,
  prepareFolders,
  readSound,
} from './folders.node.ts'
export {
  type DownloadImagesOptions,
  downloadCifar10,
  downloadMnist,
} from './images/download-images.node.ts'
export { type IdxArray, parseIdx } from './images/idx.ts'
export { type ImageSets, readCifar10, readMnist } from './images/image-files.node.ts'
export {
  createImageBatches,
  type ImageBatch,
  type ImageBatches,
  type ImageBatchOptions,
  type ImageSet,
  imageBatch,
  pixelsOf,
  toUnitRange,
} from './images/image-set.ts'
export { drawShape, makeShapes, type ShapePicture, type ShapeSetOptions, shapeClasses, shapesVersion } from './images/shapes.ts'
export { type Batch, createLoader, type Loader, type LoaderOptions } from './loader.node.ts'
export { createMixer, type Example, type Mixer, type Note } from './mix.ts'
export * from './sequences/index.ts'
export {
  createSongMixer,
  type Song,
  type SongExample,
  type SongMix,
  type SongMixerOptions,
  type Stem,
  type StemReader,
  songMixFields,
  songMixVersion,
} from './songs.ts'
export * from './spectral/index.ts'
export {
  batchShapes,
  createSpectralLoader,
  type SpectralBatch,
  type SpectralLoader,
  type SpectralLoaderOptions,
  type SpectralPlan,
} from './spectral-loader.node.ts'
export {
  type ChunkListOptions,
  chunkList,
  measureSounds,
  type SpectralFormat,
  type SpectralPeaks,
  type SpectralSound,
  withChannels,
} from './spectral-sounds.node.ts'
export { type CachedSpectrogram, prepareSpectrograms, readSpectrogram, type SpectrogramCacheOptions } from './spectrogram-cache.node.ts'
export { readStemFolders, type StemFoldersOptions } from './stem-folders.node.ts'
export * from './synthetic/index.ts'
export { makeSyntheticSongs, type SyntheticSongsOptions } from './synthetic-songs.node.ts'
export { makeSyntheticTracks, type SyntheticOptions } from './synthetic-tracks.node.ts'
export { type Kind, type Split, SYNTHETIC_SOURCE, type Track, type TrackReader } from './tracks.ts'
