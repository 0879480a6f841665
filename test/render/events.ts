// Sample events: as the simulator sends them, and in other shapes.
import type { Batch } from '../../src/events/batch.ts';
import { makeBatch as makeBatchAt } from '../helpers/batches.ts';

export const SIMULATED: readonly string[] = [
  '{"type":"large_transfer","id":"evt_a53039375365a74d7a7083c2","timestamp":"2026-01-01T12:00:00.341Z","chain":"tron","block_number":88287174,"tx_hash":"587b833215c52c792ba42620fdfe7dfe29d4a1b490ad92a3d5ca9f63aaf855da","from":{"address":"TP8Jpfp4a4oCcuGzWoJiSQwgX76zfcyRPp","label":null},"to":{"address":"TNiShTNvznM6KcX2fC5tXfWHD7kR48t3xi","label":"exchange_deposit"},"token":"USDT","decimals":6,"amount":"75965754.894378","amount_raw":75965754894378,"amount_usd":75965754.89}',
  '{"type":"address_activity","id":"evt_f52bb47bb4d3078535607900","timestamp":"2026-01-01T12:00:00.544Z","chain":"arbitrum","block_number":528646094,"tx_hash":"0x0552959c00b7689c12eda8d1e5bf4b4c5d339eff4a11a14b2499325e770b700b","address":"0xa50bacdb3f119895ab9daa318004b4ee221878e3","direction":"in","counterparty":{"address":"0x9a96375615edc94e1462af41d64e8031372e28f0","label":"bridge_contract"},"confirmations":12,"token":"ETH","decimals":18,"amount":"0.008334721341055703","amount_raw":8334721341055703,"amount_usd":24.75}',
  '{"type":"large_transfer","id":"evt_771aa2dbc35dcff70a91a1cb","timestamp":"2026-01-01T12:00:00.142Z","chain":"bitcoin","block_number":977235,"tx_hash":"b2b66abcd7cfa115182affe5fbcbf970c837ddef32cf031ba0a86d9dbd046c4d","from":{"address":"bc1q2apaus0hnpnmvqjldjycrx7vzfjr7p9hf2suxp","label":"mining_pool"},"to":{"address":"bc1qkdfhzpufeuradgqk99a8e0x933pcalrlvq8f9f","label":null},"token":"BTC","decimals":8,"amount":"192.12","amount_raw":19212000000,"amount_usd":16829712.00}',
];

export const OTHER_SHAPES: readonly string[] = [
  '{"n":1}',
  '42',
  '"pong"',
  'null',
  '[]',
  '{}',
  '[1,"two",null]',
  '[{"a":1},{"a":2},{"a":3},{"a":4},{"a":5}]',
  '{"type":"","":{"":[]}}',
  '{"event":"transfer","data":{"chain":"ethereum","value":"123456789012345678901234567890","symbol":"WETH","from":"0x97649788875b451197ffe6f4e42fd72f05fb05dd","to":{"address":"0x1564978887584511976fe6f4e42fd72f05fb05dd","name":"漢字の取引所 🎈","risk":7},"txHash":"0x587b833215c52c792ba42620fdfe7dfe29d4a1b490ad92a3d5ca9f63aaf855da"}}',
  '{"type":"notice","text":"the quick brown fox jumps over the lazy dog again and again until the line is full and then some more","tags":["a","b","漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"]}',
  '{"type":"deep","a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}},"list":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]}',
  '{"type":"hostile","x":"\\u001b[31mred\\u202e","\\u001b]0;t\\u0007":1,"text":"tab\\there\\nnewline","type":"twice"}',
  '{"type":"big","amount":115792089237316195423570985008687907853269984665640564039457584007913129639935,"asset":{"symbol":"USDC","address":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","decimals":6},"fee":1e-9}',
  '{"type":"negative","amount":-1234567.10,"amountUsd":-99999.5,"currency":"EUR","from":"alice"}',
  `{"type":"long","text":"${'word '.repeat(100)}","blob":"${'漢'.repeat(3_000)}"}`,
  '{"type":"dated","timestamp":1e300,"time":"+999999-12-31T23:59:59Z","at":-8640000000000001}',
];

/** 2026-01-01T12:00:00Z. */
export const RECEIVED_AT_MS = Date.UTC(2026, 0, 1, 12);

export function makeBatch(texts: readonly string[], receivedAtMs = RECEIVED_AT_MS): Batch {
  return makeBatchAt(texts, receivedAtMs);
}

export const POSITION = { connection: 1, firstSeq: 1 };

/** Without the escape sequences of our colors. */
export function stripColor(text: string): string {
  return text.replace(/\x1b\[(?:38;5;\d+|[1237]|2[237]|3[0-9])m|\x1b\]8;;[^\x1b]*\x1b\\/g, '');
}
