// What assembly/ becomes (scripts/scanner-code.mjs), and as much of WebAssembly as it takes to run it.

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
    /** By pages of 64 KiB. */
    grow(pages: number): number;
  }
  interface Global {
    readonly value: number;
  }
}
