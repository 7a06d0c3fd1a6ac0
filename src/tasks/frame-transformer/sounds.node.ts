/** The sounds of a FrameTransformer recipe: recordings in folders, songs that the project makes, or both, decoded, measured and looked over. */
import { isAbsolute, join } from 'node:path'
import {
  type CachedTrack,
  type FolderSound,
  type Folders,
  listFolders,
  makeSyntheticTracks,
  measureSounds,
  prepareFolders,
  type SpectralFormat,
  type SpectralSound,
} from '../../data/index.ts'
import type { Surroundings } from '../task.ts'
import type { FrameTransformerData } from './data.ts'

/** Songs made here as sounds of folders. */
const soundOf = (track: CachedTrack): FolderSound => ({
  role: track.kind === 'vocals' ? 'vocals' : 'instrumental',
  name: track.name,
  split: track.split,
  frames: track.frames,
  channels: track.channels,
  parts: [track],
})

function baseOf({ validation, validShare: _, ...train }: Folders, { recipeFolder, dataFolder }: Surroundings): string {
  const named = [train, ...(validation ? [validation] : [])].flatMap((section) => Object.values(section).flat())
  const relative = named.filter((folder) => !isAbsolute(folder))
  if (dataFolder === undefined && relative.length > 0)
    throw new Error(
      `data: the recipe names the folders ${relative.join(', ')}; say where they are with --data DIR, or train on songs made here with --data synthetic`,
    )
  return dataFolder ?? recipeFolder
}

/** What a stage cannot do without. */
function checkEnough(sounds: readonly FolderSound[], { stage }: FrameTransformerData): void {
  const some = (split: string, roles: readonly string[]) => sounds.some((sound) => sound.split === split && roles.includes(sound.role))
  const needed = stage === 'masked' ? [['instrumental', 'mixture']] : [['vocals'], ['instrumental']]
  for (const roles of needed) {
    for (const split of ['train', 'valid'] as const) {
      if (!some(split, roles))
        throw new Error(
          `data: no ${roles.join(' or ')} to ${split === 'train' ? 'train on' : 'validate with'}; the stage "${stage}" needs at least one. Add recordings${split === 'valid' ? ', raise folders.validShare, or name folders.validation' : ''}`,
        )
    }
  }
}

/** Finds, decodes, makes and measures what the data section names. */
export async function prepareSounds(
  data: FrameTransformerData,
  format: SpectralFormat,
  surroundings: Surroundings,
): Promise<SpectralSound[]> {
  const { cacheFolder, signal, onProgress } = surroundings
  const watch = (what: string) => ({
    onProgress: (done: number, total: number) => onProgress(what, done, total),
    ...(signal ? { signal } : {}),
  })
  const sounds: FolderSound[] = []
  if (data.folders) {
    const base = baseOf(data.folders, surroundings)
    const files = await listFolders(data.folders, { base, hashes: join(cacheFolder, 'hashes.json'), ...watch('looking for files') })
    sounds.push(...(await prepareFolders(files, cacheFolder, { rate: format.rate, ...watch('decoding') })))
  }
  if (data.syntheticSongs > 0) {
    const options = { songs: data.syntheticSongs, seconds: data.syntheticSeconds, rate: format.rate, ...watch('making songs') }
    sounds.push(...(await makeSyntheticTracks(cacheFolder, options)).map(soundOf))
  }
  checkEnough(sounds, data)
  return measureSounds(sounds, cacheFolder, format, watch('measuring'))
}
