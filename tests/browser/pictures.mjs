// The pictures of `demo/README.md`, out of those that the tests have left in `target/screenshots/`: the upper part of
// each, smaller, as WebP.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';

const CHOSEN = [
  'login-light-desk',
  'settings-connection-tested-light-desk',
  'settings-waiting-light-phone',
  'operator-warnings-light-desk',
  'test-passed-dark-desk',
  'refused-light-phone',
  'people-near-miss-light-desk',
  'history-with-okta-light-desk',
  'operator-recovery-code-dark-desk',
  'home-dark-phone',
  'okta-two-secrets-light-desk',
  'okta-switches-dark-desk',
  'okta-tile-light-desk',
];
const MOST = { bytes: 60_000, heightPerWidth: { desk: 0.8, phone: 2 }, width: { desk: 960, phone: 360 } };

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
mkdirSync(at('demo/screenshots'), { recursive: true });
const browser = await launch();
const page = await browser.newPage();
for (const name of CHOSEN) {
  const device = name.split('-').at(-1);
  const png = readFileSync(at(`target/screenshots/${name}.png`)).toString('base64');
  const limits = { width: MOST.width[device], ratio: MOST.heightPerWidth[device] };
  const url = await page.evaluate(smaller, { png, ...limits });
  assert.match(url, /^data:image\/webp/);
  const webp = Buffer.from(url.split(',')[1], 'base64');
  assert.ok(webp.length < MOST.bytes, `${name} has ${webp.length} bytes`);
  writeFileSync(at(`demo/screenshots/${name}.webp`), webp);
}
await browser.close();

// Runs in the browser.
async function smaller({ png, width, ratio }) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const scale = Math.min(1, width / image.width);
  const canvas = document.createElement('canvas');
  canvas.width = image.width * scale;
  canvas.height = Math.min(image.height * scale, canvas.width * ratio);
  const pen = canvas.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(image, 0, 0, image.width * scale, image.height * scale);
  return canvas.toDataURL('image/webp', 0.9);
}
