// Signing in from the login page, and everything that can go another way.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { heading, me, pressOkta, refused, says, signInWithPassword } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { people } from './product.mjs';
import { stage } from './stage.mjs';

const scene = stage();
const look = async (page, name) => assert.deepEqual(await inspect(page, name), []);

const NO_ACCOUNT = [
  'Okta knows you, but that sign-in does not open an account here.',
  'Otherwise ask your administrator to invite you with exactly the e-mail address that you have in Okta.',
];
const USED_UP = [
  'This sign-in was started in another browser, took longer than ten minutes, or was used already.',
  'Go back to the sign-in page and try again.',
];

scene('from the login page to /me', async ({ person, product }) => {
  const bo = await person();
  await bo.goto(`${product.url}/login`);
  await bo.getByRole('link', { name: 'Okta', exact: true }).click();
  await says(bo, 'to continue to Ledgerline');
  await look(bo, 'okta-sign-in');
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
  assert.equal(bo.url(), `${product.url}/`);
  await bo.goto(`${product.url}/me`);
  const { tenant, email } = JSON.parse(await bo.locator('body').innerText());
  assert.deepEqual([tenant, email], ['acme', 'bo@acme.example']);
});

scene('nobody comes in without an invitation, and a stranger learns nothing', async ({ person, product }) => {
  const pages = [];
  for (const who of [people.eve, people.dan]) {
    const page = await person();
    await pressOkta(page, product);
    await okta.signIn(page, who);
    const reference = await refused(page, ...NO_ACCOUNT);
    pages.push((await page.getByRole('main').innerText()).replaceAll(reference, '…'));
    assert.equal(await me(page, product), 401);
  }
  assert.equal(pages[0], pages[1], 'never invited and disabled read the same');
});

scene('whoever came as the wrong person comes as another', async ({ person, product }) => {
  const bo = await person();
  await pressOkta(bo, product);
  await okta.signIn(bo, people.eve);
  await refused(bo, ...NO_ACCOUNT);
  // Okta knows Eve now, and asks nobody.
  await pressOkta(bo, product);
  await refused(bo, ...NO_ACCOUNT);
  await bo.getByRole('link', { name: 'Sign in to Okta as somebody else' }).click();
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
});

scene('the app is not assigned in Okta', async ({ person, product }) => {
  const carl = await person();
  await pressOkta(carl, product);
  await okta.signIn(carl, people.carl);
  await refused(
    carl,
    'Okta did not let you into this app.',
    'Ask your administrator to assign you to this app in Okta.',
  );
  await look(carl, 'refused-not-assigned');
});

scene('a launch from the Okta dashboard', async ({ person, product }) => {
  const bo = await person();
  await bo.goto(product.okta);
  await okta.signIn(bo, people.bo);
  await bo.getByRole('link', { name: 'Ledgerline', exact: true }).click();
  await heading(bo, '403 Access Forbidden');
  await bo
    .getByText('403 User performed OIDC single sign-on to app - failure: missing_initiate_login_uri')
    .waitFor();
});

scene('a callback belongs to the browser that began', async ({ person, product }) => {
  const bo = await person();
  await pressOkta(bo, product);
  const callback = await okta.signInAndStop(bo, people.bo);
  const other = await person();
  await other.goto(callback);
  await refused(other, ...USED_UP);
  assert.equal(await me(other, product), 401);
  await bo.goto(callback);
  await heading(bo, 'Hello, Bo');
});

scene('a callback works once; back and refresh end in a page', async ({ person, product }) => {
  const bo = await person();
  await pressOkta(bo, product);
  const callback = await okta.signInAndStop(bo, people.bo);
  await bo.goto(callback);
  await heading(bo, 'Hello, Bo');
  await bo.goto(callback);
  await refused(bo, ...USED_UP);
  await bo.reload();
  await refused(bo, ...USED_UP);
  // Who was signed in stays so, and is told.
  await bo.getByText('In this browser you are still signed in as bo@acme.example.').waitFor();
  await look(bo, 'refused-and-signed-in');
  await bo.goBack();
  await heading(bo, 'Hello, Bo');
  assert.equal((await me(bo, product)).email, 'bo@acme.example');
});

scene('back to a sign-in page that has done its work', async ({ person, product }) => {
  const bo = await person();
  await pressOkta(bo, product);
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
  await bo.goBack();
  await bo.reload();
  await says(bo, 'Request expired, please start over and try again.');
  assert.equal(new URL(bo.url()).origin, new URL(product.okta).origin);
  await pressOkta(bo, product);
  await heading(bo, 'Hello, Bo');
});

scene('two tabs sign in at once', async ({ person, product }) => {
  const first = await person();
  const second = await first.context().newPage();
  await pressOkta(first, product);
  await pressOkta(second, product);
  await okta.signIn(second, people.bo);
  await heading(second, 'Hello, Bo');
  await okta.signIn(first, people.bo);
  await heading(first, 'Hello, Bo');
});

scene('a company that signs in with Okta takes no password', async ({ person, product }) => {
  const anna = await person();
  await signInWithPassword(anna, product, people.anna);
  await anna.getByText('Your company signs in with Okta. Sign in with Okta instead.').waitFor();
  await heading(anna, 'Sign in to Acme');
  await anna.getByRole('link', { name: 'Okta', exact: true }).click();
  await okta.signIn(anna, people.anna);
  await heading(anna, 'Hello, Anna');
});

scene('a wrong password says nothing about who exists', async ({ person, product }) => {
  const pages = [];
  for (const login of ['gina@globex.example', 'nobody@globex.example']) {
    const page = await person();
    await signInWithPassword(page, product, { login, password: 'wrong' });
    await page.getByText('E-mail or password is not right.').waitFor();
    assert.equal(await page.getByLabel('Work e-mail').inputValue(), login, 'what was typed is still there');
    pages.push((await page.getByRole('main').innerText()).replaceAll(login, '…'));
  }
  assert.equal(pages[0], pages[1]);
});

scene('a thin ID token is completed by UserInfo', async ({ person, product }) => {
  await okta.setSwitches(product.okta, 'thin-tokens');
  const bo = await person();
  await pressOkta(bo, product);
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
  await okta.setSwitches(product.okta);
});

scene('rotated keys are found out by themselves', async ({ person, product }) => {
  const admin = await person();
  for (const key of ['first', 'second']) {
    await okta.rotateKeys(admin, product.okta);
    const bo = await person();
    await pressOkta(bo, product);
    await okta.signIn(bo, people.bo);
    await heading(bo, 'Hello, Bo');
    assert.ok((await me(bo, product)).email, key);
  }
});

scene('signing out, here and at Okta', async ({ person, product }) => {
  const bo = await person();
  await pressOkta(bo, product);
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
  await bo.getByRole('button', { name: 'Sign out', exact: true }).click();
  await heading(bo, 'Signed out');
  assert.equal(await me(bo, product), 401);
  await look(bo, 'signed-out-here');
  // Okta still knows him: one click and he is in again.
  await pressOkta(bo, product);
  await heading(bo, 'Hello, Bo');
  await bo.getByRole('button', { name: 'Sign out', exact: true }).click();
  await bo.getByRole('link', { name: 'Sign out of Okta too' }).click();
  await bo.waitForURL(`${product.url}/**`);
  await says(bo, 'You are signed out of Ledgerline and of Okta.');
  await look(bo, 'signed-out-of-both');
  await bo.reload();
  await says(bo, 'Okta may still know you.');
  await pressOkta(bo, product);
  await bo.getByLabel('Username').waitFor();
});
