// Types of the compiled assembly/ (scripts/scanner-code.mjs), and of the WebAssembly API that runs it.

declare module '*/scanner.wasm' {
  const code: Uint8Array;
  export default code;
}

declare namespace WebAssembly {
  class Module {
    constructor(code: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: unknown;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** `pages` of 64 KiB. */
    grow(pages: number): number;
  }
  interface Global {
    readonly value: number;
  }
}
