// The pictures of `demo/README.md`, out of those that the tests have left in `target/screenshots/`: a part of each,
// smaller, as WebP. The upper part, unless said.

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
// More of them, small.
const GALLERY = [
  'login-which-company-light-desk',
  'login-two-companies-light-desk',
  'recover-light-desk',
  'signed-out-here-light-desk',
  'still-signed-in-at-okta-dark-desk',
  'too-many-tries-light-desk',
  'form-expired-dark-desk',
  'for-administrators-light-desk',
  'home-of-an-administrator-light-desk',
  'people-dark-desk',
  'people-near-miss-in-okta-light-desk',
  'people-kept-out-light-desk',
  'history-light-desk',
  'settings-not-configured-light-desk',
  'settings-active-dark-desk',
  'settings-issuer-changed-light-desk',
  'settings-on-light-desk',
  'settings-off-locks-out-dark-desk',
  'two-secrets-light-desk',
  'two-keys-light-desk',
  'recordings-light-desk',
  'test-before-light-desk',
  'test-other-issuer-light-desk',
  'went-wrong-light-desk',
  'operator-login-light-desk',
  'operator-companies-dark-desk',
  'operator-moved-light-desk',
  'operator-suspended-dark-desk',
  'operator-events-light-desk',
  'okta-applications-light-desk',
  'okta-general-dark-desk',
  'okta-assignments-light-desk',
  'okta-api-light-desk',
  'okta-keys-dark-desk',
  'okta-sign-in-light-desk',
  'okta-password-dark-desk',
  'okta-dashboard-light-desk',
  'okta-refused-light-desk',
  'okta-signed-out-dark-desk',
];
// Of these the lower part: what they are here for is there.
const LOWER = ['people-kept-out-light-desk', 'test-other-issuer-light-desk', 'operator-suspended-dark-desk'];
const MOST = { bytes: 60_000, heightPerWidth: { desk: 0.8, phone: 2 }, width: { desk: 960, phone: 360 } };
const SMALL = { ...MOST, width: { desk: 560 } };

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
mkdirSync(at('demo/screenshots'), { recursive: true });
const browser = await launch();
const page = await browser.newPage();
const pictures = [...CHOSEN.map((name) => [name, MOST]), ...GALLERY.map((name) => [name, SMALL])];
for (const [name, most] of pictures) {
  const device = name.split('-').at(-1);
  const png = readFileSync(at(`target/screenshots/${name}.png`)).toString('base64');
  const limits = { width: most.width[device], ratio: most.heightPerWidth[device] };
  const url = await page.evaluate(smaller, { png, lower: LOWER.includes(name), ...limits });
  assert.match(url, /^data:image\/webp/);
  const webp = Buffer.from(url.split(',')[1], 'base64');
  assert.ok(webp.length < most.bytes, `${name} has ${webp.length} bytes`);
  writeFileSync(at(`demo/screenshots/${name}.webp`), webp);
}
await browser.close();

// Runs in the browser.
async function smaller({ png, lower, width, ratio }) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const scale = Math.min(1, width / image.width);
  const canvas = document.createElement('canvas');
  canvas.width = image.width * scale;
  canvas.height = Math.min(image.height * scale, canvas.width * ratio);
  const pen = canvas.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  const above = lower ? image.height * scale - canvas.height : 0;
  pen.drawImage(image, 0, -above, image.width * scale, image.height * scale);
  return canvas.toDataURL('image/webp', 0.9);
}
