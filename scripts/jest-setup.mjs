import { compileScanner } from './scanner-code.mjs';

export default compileScanner;
