// Signing in from the login page, and everything that can go another way.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, person, picture } from './chromium.mjs';
import * as okta from './okta.mjs';
import { people, start } from './product.mjs';

let browser;
let product;
before(async () => {
  [browser, product] = await Promise.all([launch(), start()]);
});
after(async () => {
  await browser?.close();
  assert.equal(await product?.stop(), 0, 'the product ends when it is asked to');
});

test('from the login page to /me', async () => {
  const { page, complaints } = await person(browser);
  await page.goto(`${product.url}/login`);
  await picture(page, 'login');
  await page.getByRole('link', { name: 'Okta', exact: true }).click();
  await picture(page, 'okta-sign-in');
  await okta.signIn(page, people.bo);
  await page.getByRole('heading', { name: 'Hello, Bo' }).waitFor();
  assert.equal(page.url(), `${product.url}/`);
  await picture(page, 'home');
  await page.goto(`${product.url}/me`);
  const me = JSON.parse(await page.locator('body').innerText());
  assert.deepEqual([me.tenant, me.email], ['acme', 'bo@acme.example']);
  await picture(page, 'me');
  assert.deepEqual(complaints, []);
});
