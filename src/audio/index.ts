/** Sound in and out: files of any kind to blocks of samples and back, and changes of rate between. */

export { AudioError } from './errors.ts'
export { createMonoResampler, type MonoResampler, toMono } from './mono.ts'
export { type OpenAudioOptions, openAudio } from './open.node.ts'
export { countOverflows, findPeak, quantise, sampleRange } from './quantise.ts'
export type { Resampler, ResamplerOptions } from './resample.ts'
export { createResampler, resample } from './resample.ts'
export { slice } from './slice.ts'
export type { AudioBlock, AudioInfo, AudioStream, SampleFormat, Samples } from './types.ts'
export type { WavFormat, WavWriter } from './wav-writer.node.ts'
export { createWavWriter } from './wav-writer.node.ts'
