/** What of the browser the tests ask; the repository is compiled without the types of its globals. */

interface Adapter {
  readonly features: ReadonlySet<string>
}

export async function adapterHas(feature: string): Promise<boolean> {
  const { gpu } = (globalThis as { readonly navigator?: { readonly gpu?: { requestAdapter(): Promise<Adapter | null> } } }).navigator ?? {}
  return (await gpu?.requestAdapter())?.features.has(feature) ?? false
}
