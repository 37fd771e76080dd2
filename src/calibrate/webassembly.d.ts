/** The part of the WebAssembly API that the bin counter uses: Node.js has it, its type package does not say so. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
    /** By so many pages of 64 KiB. Every view of `buffer` is dead afterwards. */
    grow(pages: number): number;
  }
  class Instance {
    constructor(module: Module, imports: { readonly [module: string]: { readonly [name: string]: Memory } });
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
